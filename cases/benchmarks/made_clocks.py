"""
Clocks made for measuring, on cases that are there already; written past the services.

They are plans for improvement: round the clock, three levels, and nothing that the system does by itself.
Those of one making have a cycle of their own, by which they are found again and put away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet

from cases.choices import ClockEnd, ClockKind
from cases.clock import database_now
from cases.models import Announcement, Case, Timer
from cases.seeding.bulk import analyze
from cases.services.bulk_rows import insert_rows
from cases.services.ticking import tick
from cases.standards import present_standards

KIND = ClockKind.IMPROVEMENT_PLAN
BUDGET = timedelta(hours=2)
FIRST_LEVEL = 80
REACHED_AFTER = BUDGET * FIRST_LEVEL / 100
FIRST_CYCLE = 1_000_000  # of no real clock


@dataclass(frozen=True)
class Making:
    """The clocks of one cycle, by their ids."""

    cycle: int
    pks: list[int]


def make_clocks(moments: list[datetime]) -> Making:
    """A clock for each moment, at which it reaches its first level; at most one a case."""
    case_ids = _spread(len(moments))
    cycle = max(Timer.objects.aggregate(last=Max("cycle"))["last"] or 0, FIRST_CYCLE) + 1
    with transaction.atomic():
        _put_away(Timer.objects.running().filter(kind=KIND, case_id__in=case_ids))
        pairs = zip(case_ids, moments, strict=False)
        insert_rows(Timer, [_row(case_id, cycle, at) for case_id, at in pairs])
    analyze()
    made = Timer.objects.filter(kind=KIND, cycle=cycle).order_by("next_at", "pk")
    return Making(cycle, list(made.values_list("pk", flat=True)))


def _spread(wanted: int) -> list[int]:
    """Cases from all over the table, as those are whose clocks come due at the same time."""
    pks = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    return pks[:: max(len(pks) // wanted, 1)][:wanted]


def _row(case_id: int, cycle: int, at: datetime) -> dict[str, object]:
    begun = at - REACHED_AFTER
    return {
        "case_id": case_id,
        "kind": KIND,
        "cycle": cycle,
        "budget": BUDGET,
        "started_at": begun,
        "running_since": begun,
        "due_at": begun + BUDGET,
        "next_percent": FIRST_LEVEL,
        "next_at": at,
        "standards": present_standards().number,
    }


def put_away(making: Making) -> None:
    """Stop these clocks and forget whom the levels they reached would have to be told."""
    levels = {"event__escalation__timer__kind": KIND, "event__escalation__timer__cycle": making.cycle}
    with transaction.atomic():
        Announcement.objects.filter(**levels).delete()
        _put_away(Timer.objects.running().filter(kind=KIND, cycle=making.cycle))


def _put_away(clocks: QuerySet[Timer]) -> None:
    clocks.update(
        stopped_at=database_now(), end=ClockEnd.VOID, next_at=None, next_percent=None, held_until=None
    )


def settle() -> None:
    """Work on everything that is due already, so that only what is made is measured."""
    tick_until_done()


def tick_until_done() -> int:
    """Clocks worked on until nothing is due but what another process has."""
    return sum(iter(lambda: tick().fired, 0))
