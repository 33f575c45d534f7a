"""
Signs of life of the machinery, and what they say taken together.

Ages are seconds by the clock of the database. Nothing here is about a person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Min, Q
from django.utils.translation import gettext_lazy as _

from cases import broker
from cases.choices import JobState, NoticeState
from cases.clock import database_clock, database_now
from cases.models import Announcement, Heartbeat, Notice, Rearming, Timer

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet
    from django.utils.functional import Promise

LATE_AFTER = 60  # seconds since the last tick
WRITE_WITHIN = 2_000  # milliseconds: who asks whether we are ready wants to know soon

# Seconds for which what waits may wait while all goes well. A notice that failed is tried again after half a
# minute, one, two and five.
PATIENCE = {
    "oldest_due_clock": LATE_AFTER,
    "oldest_due_notice": 300,
    "oldest_failing_notice": 600,
    "oldest_announcement": 60,
}

_signed: dict[str, float] = {}


def sign_of_life(name: str, *, every: float = 0, **detail: Any) -> None:
    """
    Write down that this part has just done its work.

    ``every`` spares the database: nothing is written when this process signed for the part less than so many
    seconds ago and has nothing to tell.
    """
    now = time.monotonic()
    if every and now - _signed.get(name, -every) < every and not any(detail.values()):
        return
    _write(name, detail)
    _signed[name] = now


def _write(name: str, detail: dict[str, Any]) -> None:
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=database_clock(), detail=detail)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at", "detail"],
    )


def take_turn(name: str, *, every: timedelta) -> bool:
    """Whether it falls to the caller to do what is done once in so long a time, whoever else asks."""
    now = database_now()
    if Heartbeat.objects.filter(name=name, at__lte=now - every).update(at=now):
        return True
    _row, created = Heartbeat.objects.get_or_create(name=name, defaults={"at": now})
    return created


def prove_writing() -> None:
    """A real write that ends soon either way; raises a database error when it cannot be done."""
    with _impatient_sqlite(), transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {WRITE_WITHIN}")
        _write("web", {})


@contextmanager
def _impatient_sqlite() -> Iterator[None]:
    """SQLite waits for its turn to write; here not as long as elsewhere."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = int(connection.settings_dict.get("OPTIONS", {}).get("timeout", 5) * 1000)
    _wait_at_most(WRITE_WITHIN)
    try:
        yield
    finally:
        _wait_at_most(usual)


def _wait_at_most(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")


@dataclass(frozen=True)
class Health:
    """
    How the machinery is. Ages in seconds, None where there is nothing to be old.

    Of notices that have not left, the oldest there is, the oldest that was tried in vain, and since when the
    oldest could leave. ``queues`` is None without a broker or while it does not answer (``broker`` says
    which).
    """

    tick_age: float | None
    oldest_due_clock: float | None
    clocks_held: int
    oldest_notice: float | None
    oldest_failing_notice: float | None
    oldest_due_notice: float | None
    notices_dead: int
    announcements: int
    announcements_held: int
    oldest_announcement: float | None
    rearming: bool
    broker: str
    queues: dict[str, int] | None
    last_runs: dict[str, float]

    @property
    def state(self) -> str:
        """``late``: nobody works on clocks; ``attention``: something waits for a person; else ``ok``."""
        if self.tick_age is None or self.tick_age > LATE_AFTER:
            return "late"
        held = self.clocks_held or self.notices_dead or self.announcements_held
        return "attention" if held or self.lags or self.broker == "away" else "ok"

    @property
    def lags(self) -> list[str]:
        """What has waited for longer than it does while all goes well (``PATIENCE``)."""
        return [name for name, most in PATIENCE.items() if (getattr(self, name) or 0) > most]

    @property
    def words(self) -> Promise:
        return WORDS[self.state]

    def figures(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {"state": self.state, "alarm_after": LATE_AFTER, "lags": self.lags} | vars(self)


WORDS = {
    "ok": _("Clocks are being worked on."),
    "attention": _("Clocks are being worked on, but something waits for a person."),
    "late": _("Nobody works on the clocks: start the ticker or the workers."),
}


def present_health() -> Health:
    """Reads the signs of life and the oldest of what waits: nine short statements."""
    now = database_now()
    at = {row.name: row.at for row in Heartbeat.objects.all()}
    announced = Announcement.objects.aggregate(
        many=Count("pk"), held=Count("pk", filter=Q(held_until__gt=now)), oldest=Min("created_at")
    )
    waiting = Notice.objects.filter(state=NoticeState.WAITING).aggregate(
        oldest=Min("created_at"), failing=Min("created_at", filter=Q(attempts__gt=0))
    )
    lengths = broker.queue_lengths() if settings.REDIS_URL else None
    return Health(
        tick_age=_age(at.get("tick"), now),
        oldest_due_clock=_oldest(Timer.objects.due(now), "next_at", now),
        clocks_held=Timer.objects.filter(next_at__lte=now, held_until__gt=now).count(),
        oldest_notice=_age(waiting["oldest"], now),
        oldest_failing_notice=_age(waiting["failing"], now),
        oldest_due_notice=_oldest(Notice.objects.due(now), "next_attempt_at", now),
        notices_dead=Notice.objects.filter(state=NoticeState.DEAD).count(),
        announcements=announced["many"],
        announcements_held=announced["held"],
        oldest_announcement=_age(announced["oldest"], now),
        rearming=Rearming.objects.exclude(state=JobState.DONE).exists(),
        broker=_broker_state(lengths),
        queues=lengths,
        last_runs={name: round((now - moment).total_seconds(), 1) for name, moment in sorted(at.items())},
    )


@dataclass(frozen=True)
class Pulse:
    """Whether clocks are worked on: ages in seconds, None where there is nothing to be old."""

    tick_age: float | None
    oldest_due_clock: float | None

    @property
    def late(self) -> bool:
        return self.tick_age is None or self.tick_age > LATE_AFTER


def present_pulse() -> Pulse:
    """The two ages that matter most: two short statements, and one for the time."""
    now = database_now()
    at = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    return Pulse(_age(at, now), _oldest(Timer.objects.due(now), "next_at", now))


def tick_is_late() -> bool:
    """Whether nobody has worked on the clocks for longer than a minute."""
    return present_pulse().late


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round(max(0.0, (now - at).total_seconds()), 1)


def _oldest(rows: QuerySet[Any], field: str, now: datetime) -> float | None:
    return _age(rows.order_by().aggregate(oldest=Min(field))["oldest"], now)


def _broker_state(lengths: dict[str, int] | None) -> str:
    if not settings.REDIS_URL:
        return "none"
    return "away" if lengths is None else "there"
