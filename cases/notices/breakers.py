"""
The breaker and the rate of a way to the outside: of a channel, or of one robot or webhook.

Both count what is begun, not what is claimed: who claims and gives back has nothing to undo, nor has whoever
is killed in between.

After five failures in a row nothing is tried for 15 seconds; then one notice is, and its failure makes the
next wait twice as long, at most five minutes. A success closes the breaker. All by the clock of the database.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cases.clock import database_now
from cases.models import ChannelSetting, Endpoint

if TYPE_CHECKING:
    from datetime import datetime

MOST_FAILURES = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=5)
MINUTE = timedelta(minutes=1)

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
    left = max(per_minute - _taken(meter, at), 0)
    return min(left, 1) if is_doubtful(meter) else left


def locked(meter: Meter) -> Meter | None:
    """As it is now, until the end of the transaction; None where it was deleted meanwhile."""
    fresh: Meter | None = type(meter)._default_manager.select_for_update().filter(pk=meter.pk).first()
    return fresh


def take(meter: Meter, at: datetime) -> None:
    """Count one in the present minute; a doubtful way is closed to others meanwhile. The row is locked."""
    taken = _taken(meter, at)
    if not taken:
        meter.window_at = at
    meter.window_count = taken + 1
    if is_doubtful(meter):
        meter.open_until = at + settings.NOTICE_LEASE
    meter.save(update_fields=["window_at", "window_count", "open_until"])


def _taken(meter: Meter, at: datetime) -> int:
    begun = meter.window_at
    return meter.window_count if begun is not None and begun <= at < begun + MINUTE else 0


def record_success(meter: Meter) -> None:
    """Close the breaker, if there is anything to close."""
    troubled = ~Q(failures=0) | Q(open_until__isnull=False)
    type(meter)._default_manager.filter(troubled, pk=meter.pk).update(failures=0, open_until=None)


@transaction.atomic
def record_failure(meter: Meter) -> bool:
    """Count it; whether the breaker is open now."""
    fresh: Meter = type(meter)._default_manager.select_for_update().get(pk=meter.pk)
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
