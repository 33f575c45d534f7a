"""What the gateways were given, as their files say, beside what the outbox believes of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import Q

from cases.models import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.ground import Ground
    from tests.faults.trial import Trial


def deliveries(ground: Ground) -> Counter[str]:
    """How often the far side has taken each key; what it refused or cut off is no delivery."""
    files = (ground.folder / "mail.jsonl", ground.folder / "hooks.jsonl")
    lines = (line for file in files if file.exists() for line in file.read_text().splitlines())
    return Counter(row["key"] for row in map(json.loads, lines) if row["taken"])


def keys_sent() -> list[str]:
    """Of the notices that are marked as sent; to be asked before the gateways are, for sending goes on."""
    outside = Notice.objects.filter(state="sent").exclude(channel="inbox")
    return [str(key) for key in outside.values_list("key", flat=True)]


def undelivered(sent: Iterable[str], taken: Counter[str]) -> list[str]:
    """Those marked as sent that no gateway ever took."""
    return [key for key in sent if key not in taken][:10]


def doubled(before: Counter[str], after: Counter[str]) -> set[str]:
    """Keys delivered more than once, and again since ``before``."""
    return {key for key, count in after.items() if count > 1 and count > before[key]}


def blame_doubles(trial: Trial, keys: set[str]) -> None:
    """A second delivery has an excuse for each sender that was cut off, and where a gateway lied."""
    without_excuse = keys - trial.lied_about
    if len(without_excuse) > trial.cut_off:
        trial.blame(
            "I5 delivered twice no more often than senders were cut off", trial.cut_off, *without_excuse
        )


def begun() -> set[int]:
    """Notices that somebody has in hand, or has tried and will try again."""
    tried = Q(attempts__gt=0) | Q(lease_token__isnull=False)
    return set(Notice.objects.filter(tried, state="waiting").values_list("pk", flat=True))
