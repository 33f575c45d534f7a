"""
The breaker and the rate of a way to the outside: of a channel, or of one robot or webhook.

Both count what is begun, not what is claimed: who claims and gives back has nothing to undo, nor has whoever
is killed in between.

After five failures in a row nothing is tried for 15 seconds; then one notice is, and its failure makes the
next wait twice as long, at most five minutes. A success closes the breaker. All by the clock of the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cases.choices import NoticeChannel
from cases.clock import database_now
from cases.models import ChannelSetting, Endpoint

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

MOST_FAILURES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)
MINUTE = 60  # seconds
# Feishu's custom robot takes 100 a minute and 5 a second, and refuses what is more.
A_SECOND = {NoticeChannel.FEISHU.value: 5}

Meter = ChannelSetting | Endpoint


def is_open(meter: Meter, at: datetime) -> bool:
    """Whether nothing may be tried."""
    return meter.open_until is not None and meter.open_until > at


def is_doubtful(meter: Meter) -> bool:
    """Whether the next attempt decides: it has been open and has not succeeded since."""
    return meter.failures >= MOST_FAILURES


def allowance(meter: Meter, per_minute: int, at: datetime) -> int:
    """How many may be tried now, by breaker and rate."""
    if is_open(meter, at):
        return 0
    left = room(meter, per_minute, at)
    return min(left, 1) if is_doubtful(meter) else left


def room(meter: Meter, per_minute: int, at: datetime) -> int:
    """How many may be begun now, by the rate alone."""
    left = per_minute - sum(_lately(meter, at, MINUTE).values())
    if a_second := A_SECOND.get(meter.channel):
        left = min(left, a_second - sum(_lately(meter, at, 1).values()))
    return max(left, 0)


def locked(meter: Meter) -> Meter | None:
    """As it is now, until the end of the transaction; None where it was deleted meanwhile."""
    fresh: Meter | None = _lock(meter).first()
    return fresh


def _lock(meter: Meter) -> QuerySet[Any]:
    """Not in the way of notices that are being written and refer to it."""
    return type(meter)._default_manager.select_for_update(no_key=True).filter(pk=meter.pk)


def is_rested(meter: Meter, at: datetime) -> bool:
    """Whether it failed last, and nothing was begun by it for a minute."""
    return meter.failures > 0 and not _lately(meter, at, MINUTE)


def take(meter: Meter, at: datetime) -> None:
    """Count one that is begun now; a doubtful way is closed to others meanwhile. The row is locked."""
    count(meter, at)
    if is_doubtful(meter):
        meter.open_until = at + settings.NOTICE_LEASE
    meter.save(update_fields=["begun_lately", "open_until"])


def count(meter: Meter, at: datetime) -> None:
    """One more is begun at this moment; what is older than a minute is forgotten."""
    lately, now = _lately(meter, at, MINUTE), str(_second(at))
    meter.begun_lately = lately | {now: lately.get(now, 0) + 1}


def _lately(meter: Meter, at: datetime, seconds: int) -> dict[str, int]:
    """
    How many were begun in each second that lies, if only in part, within so many seconds before.

    A second that began before that counts as a whole, so the rate holds wherever a minute is taken to begin.
    What a clock that was set back has left in the future counts no longer.
    """
    now = _second(at)
    return {one: many for one, many in meter.begun_lately.items() if now - seconds <= int(one) <= now}


def _second(at: datetime) -> int:
    return int(at.timestamp())


def record_success(meter: Meter) -> None:
    """Close the breaker, if there is anything to close."""
    troubled = ~Q(failures=0) | Q(open_until__isnull=False)
    type(meter)._default_manager.filter(troubled, pk=meter.pk).update(failures=0, open_until=None)


@transaction.atomic
def record_failure(meter: Meter) -> bool:
    """Count it; whether the breaker is open now."""
    fresh: Meter = _lock(meter).get()
    fresh.failures += 1
    if is_doubtful(fresh):
        wait = FIRST_WAIT * 2 ** min(fresh.failures - MOST_FAILURES, 10)
        fresh.open_until = database_now() + min(wait, LONGEST_WAIT)
    fresh.save(update_fields=["failures", "open_until"])
    return is_doubtful(fresh)


def hand_back(meter: Meter, reserved_until: datetime | None) -> None:
    """The attempt that was to decide was none, as nobody was called: let the next one decide."""
    type(meter)._default_manager.filter(pk=meter.pk, open_until=reserved_until).update(open_until=None)


def try_now(meter: Meter) -> None:
    """Let one notice be tried at once; its success closes the breaker."""
    type(meter)._default_manager.filter(pk=meter.pk).update(open_until=None)
