"""
The tick: every clock that has reached a level by now is worked on, once, whoever else is ticking.

Due clocks are read without a lock; then, a batch at a time and each in one transaction, their cases are
locked (in the order of their ids, those another tick has are left to it), the clocks read again under that
lock, and events, ledger, announcements and the clocks' next levels written set-wise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cases.clock import database_now
from cases.models import Announcement, Case, CaseEvent, Escalation, EventKind, Timer
from cases.services.bulk_rows import insert_rows, reserve_ids
from cases.services.due_actions import Wanted, act_on_all
from cases.services.holding import by_halves, hold
from cases.services.rearming import rearm
from cases.services.set_wise import add_to_versions, among, batched, update_rows
from cases.services.time_to_answer import leave_time_to_answer
from cases.standards import present_standards
from cases.timers import deadline_of, due_levels, reckon
from cases.waking import wake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.querysets import TimerQuerySet
    from cases.standards import Standards

BATCH = 500
MOST = 20_000  # clocks of one tick
CLIMBED = ("passed", "next_percent", "next_at", "due_at")  # what a clock keeps of a level it reached
LONGEST = 30  # seconds of one tick; half of those after which it counts as late


@dataclass
class TickReport:
    """What one tick did; ``latest`` is the greatest lateness it met."""

    fired: int = 0
    held: int = 0
    latest: timedelta = timedelta(0)

    def count(self, fired: Sequence[Reached]) -> None:
        self.fired += len(fired)
        self.latest = max([self.latest, *(one.lateness for one in fired)])


@dataclass
class LockedCase:
    """What the tick needs of a case; ``version`` counts on with each level."""

    pk: int
    state: str
    team_id: int | None
    round_number: int
    waiting_for: str
    version: int


@dataclass
class Reached:
    """One level a clock has reached: the event that says so (``seq``), and how late it is said."""

    timer: Timer
    case: LockedCase
    percent: int
    planned_at: datetime
    due_at: datetime
    fired_at: datetime
    seq: int = 0

    def __post_init__(self) -> None:
        self.case.version += 1
        self.seq = self.case.version

    @property
    def lateness(self) -> timedelta:
        return self.fired_at - self.planned_at

    @property
    def cause(self) -> str:
        return f"timer:{self.timer.pk}:{self.percent}"

    def event_row(self, pk: int) -> dict[str, Any]:
        case, timer = self.case, self.timer
        support = timer.support
        return {
            "id": pk,
            "case_id": case.pk,
            "seq": self.seq,
            "kind": EventKind.ESCALATE.value,
            "at": self.fired_at,
            "from_state": case.state,
            "to_state": case.state,
            "team_id": case.team_id,
            "round_number": case.round_number,
            "waiting_for": case.waiting_for,
            "data": {
                "clock": timer.kind,
                "percent": self.percent,
                "cycle": timer.cycle,
                "due_at": self.due_at.isoformat(),
                "team": support.team_id if support else None,
            },
            "cause_key": self.cause,
        }

    def ledger_row(self, event_id: int) -> dict[str, Any]:
        timer = self.timer
        return {
            "timer_id": timer.pk,
            "case_id": self.case.pk,
            "kind": timer.kind,
            "round_number": timer.round_number,
            "cycle": timer.cycle,
            "percent": self.percent,
            "planned_at": self.planned_at,
            "due_at": self.due_at,
            "fired_at": self.fired_at,
            "lateness": self.lateness,
            "event_id": event_id,
        }


def tick(*, most: int = MOST) -> TickReport:
    """
    Work on what is due, earliest first, at most on so many clocks; the next tick goes on where this one ends,
    also after half a minute.

    What another process works on at the same moment is tried once more at the end, and then left to it. Never
    raises for a single clock: one that cannot be worked on is held back for a growing time, with its error,
    and keeps no other waiting.
    """
    report, ends_at = TickReport(), monotonic() + LONGEST

    def give_up(pair: tuple[int, int], error: Exception) -> None:
        hold(Timer.objects.filter(pk=pair[0]), error)
        report.held += 1

    def work_on(pairs: Sequence[tuple[int, int]]) -> None:
        for batch in batched(pairs, BATCH):
            for fired in by_halves(batch, fire, give_up):
                report.count(fired)
            if monotonic() > ends_at:
                break

    if due := _due(Timer.objects.all(), most):
        work_on(due)
        if monotonic() < ends_at:
            work_on(_due(Timer.objects.filter(among("pk", (pk for pk, _case in due))), most))
    return report


def _due(clocks: TimerQuerySet, most: int) -> list[tuple[int, int]]:
    """Of these clocks those that are due, with their cases."""
    return list(clocks.due(database_now()).values_list("pk", "case_id")[:most])


def seconds_to_next_level() -> float | None:
    """
    Until the next clock reaches a level, by the database's time; None where none is going to.

    0 where one has: it came due during the last tick, or that tick left it to somebody else.
    """
    now = database_now()
    ahead = Timer.objects.free(now).filter(next_at__isnull=False).order_by("next_at")
    next_at = ahead.values_list("next_at", flat=True).first()
    return max((next_at - now).total_seconds(), 0.0) if next_at else None


@transaction.atomic
def fire(pairs: Sequence[tuple[int, int]]) -> list[Reached]:
    """
    Write what these clocks, given with their cases, have reached by now; returns it.

    Clocks that have not followed a change of standards yet are reckoned anew first, or they would come due by
    what no longer holds. Raises what goes wrong, and then nothing is written.
    """
    cases = _lock_cases({case_id for _pk, case_id in pairs})
    now, standards, timers = _due_under_lock([pk for pk, _case in pairs], cases)
    timers = leave_time_to_answer(timers, standards, now)
    reached = [one for timer in timers for one in _reached(timer, cases[timer.case_id], standards, now)]
    if not reached:
        return []
    _write(timers, reached)
    act_on_all(
        [
            Wanted(action, one.case.pk, one.cause)
            for one in reached
            for action in standards.actions.get((one.timer.kind, one.percent), ())
        ]
    )
    transaction.on_commit(wake, robust=True)
    return reached


def _lock_cases(case_ids: set[int]) -> dict[int, LockedCase]:
    rows = Case.objects.filter(among("pk", case_ids)).locked(skip=True)
    names = [field.name for field in fields(LockedCase)]
    return {row[0]: LockedCase(*row) for row in rows.values_list(*names)}


def _due_under_lock(
    pks: Sequence[int], cases: dict[int, LockedCase]
) -> tuple[datetime, Standards, list[Timer]]:
    """
    Now, the standards, and the clocks still due by them now that nobody else can change these; a stopped
    clock is none of them.
    """
    due = Timer.objects.filter(among("pk", pks), among("case_id", cases)).select_related("support")
    now, standards = database_now(), present_standards()
    timers = list(due.due(now))
    behind = {timer.case_id for timer in timers if timer.standards < standards.number}
    if behind:
        rearm(sorted(behind))
        now, standards = database_now(), present_standards()
        timers = list(due.due(now))
    # One of a change made in this very moment is left to the next tick.
    return now, standards, [timer for timer in timers if timer.standards == standards.number]


def _reached(timer: Timer, case: LockedCase, standards: Standards, now: datetime) -> list[Reached]:
    levels = due_levels(timer, standards, now)
    due_at = deadline_of(timer, standards)
    reached = [Reached(timer, case, percent, planned_at, due_at, now) for percent, planned_at in levels]
    timer.passed = max([timer.passed, *(percent for percent, _at in levels)])
    reckon(timer, standards)
    return reached


def _write(timers: Sequence[Timer], reached: Sequence[Reached]) -> None:
    pairs = list(zip(reached, reserve_ids(CaseEvent, len(reached)), strict=True))
    insert_rows(CaseEvent, (one.event_row(pk) for one, pk in pairs), with_ids=True)
    insert_rows(Escalation, (one.ledger_row(pk) for one, pk in pairs))
    insert_rows(Announcement, ({"event_id": pk, "created_at": one.fired_at} for one, pk in pairs))
    update_rows(Timer, timers, CLIMBED)
    _forget_failures([timer for timer in timers if timer.attempts])
    added: dict[int, int] = defaultdict(int)
    for one in reached:
        added[one.case.pk] += 1
    add_to_versions(added)


def _forget_failures(timers: Sequence[Timer]) -> None:
    if timers:
        rows = Timer.objects.filter(among("pk", (timer.pk for timer in timers)))
        rows.update(attempts=0, held_until=None, error="")
