"""
What follows a change of calendars, service levels or ladder: running clocks are reckoned anew in the
background.

Every clock keeps the count of changes it was reckoned with (``Timer.standards``), so nothing is forgotten: a
clock that is behind is found by it, also one that a slow transaction wrote after the change.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Prefetch, Q

from cases.choices import ClockKind, JobState, StandardsChange
from cases.clock import database_now
from cases.models import Case, Rearming, Round, StandardsStamp, SupportRequest, Timer, WorkCalendar
from cases.services.bulk_rows import insert_rows, values_of
from cases.services.clocks import plan_sync, write_timers
from cases.services.holding import by_halves, hold
from cases.services.locking import forget_unmatched
from cases.services.set_wise import among, batched, update_rows
from cases.services.unannounced import warn_of_unannounced
from cases.standards import Earlier, present_standards, read_standards
from cases.waking import wake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cases.models import Staff
    from cases.standards import Standards

BATCH = 500  # cases
NO_STEP = ""  # of the case causes this: no clock is kept or missed by it
EXAMPLES = 20
BULKY = ("description", "search_text", "remark")  # of a case, and nothing to its clocks


@transaction.atomic
def standards_changed(reason: str, *, actor: Staff | None) -> Rearming:
    """
    Count a change of standards that this transaction has just written, and ask for the clocks to follow.

    To be called after the change, in its transaction. ``reason`` says what was changed (``named``).
    """
    stamp = StandardsStamp.objects.select_for_update().get()
    stamp.number, stamp.key = stamp.number + 1, uuid.uuid4()
    stamp.save(update_fields=["number", "key"])
    rearming = Rearming.objects.create(
        stamp=stamp.number,
        reason=reason[:200],
        requested_by=actor,
        requested_at=database_now(),
        total=Timer.objects.following().count(),
        calendars=_calendars_now(),
    )
    transaction.on_commit(wake, robust=True)
    return rearming


def next_stamp() -> int:
    """
    The count that ``standards_changed`` will give the change this transaction is writing; nobody else's
    change can come between.
    """
    stamp: StandardsStamp = StandardsStamp.objects.select_for_update().get()
    return stamp.number + 1


def named(change: StandardsChange, name: str) -> str:
    """What was changed as a reason keeps it: words of no language but the name's own."""
    return f"{change.value}: {name}"


def _calendars_now() -> dict[str, Any]:
    calendars = WorkCalendar.objects.prefetch_related("windows", "days")
    return {str(calendar.pk): calendar.facts().as_json() for calendar in calendars}


def rearm_some(*, most: int = 50) -> int:
    """
    Reckon clocks anew that are behind, up to ``most`` batches of cases; returns how many clocks moved.

    Those that come due first come first. Called again and again in the background until none is behind. Twice
    at once is harmless: each case is locked, and what is no longer behind is left alone. A case that cannot
    be reckoned is held back with its error (as the tick does) and keeps no other waiting.
    """
    moved = 0
    for _batch in range(most):
        standards = present_standards()
        case_ids = _behind(standards, database_now())
        if not case_ids:
            _finish(standards.number)
            return moved
        moved += sum(by_halves(case_ids, rearm, _hold_case))
    return moved


def _behind(standards: Standards, at: datetime) -> list[int]:
    """Cases with clocks to be reckoned anew, the next due first."""
    free = Timer.objects.following().free(at).filter(standards__lt=standards.number)
    soonest = free.order_by(F("next_at").asc(nulls_last=True), "pk").values_list("case_id", flat=True)
    case_ids = list(dict.fromkeys(soonest[:BATCH]))
    if case_ids or not Rearming.objects.exclude(state=JobState.DONE).exists():
        return case_ids
    kept = Timer.objects.running().free(at).filter(kind=ClockKind.RETENTION).exclude(next_at=None)
    return list(kept.filter(_skipped_level(standards)).values_list("case_id", flat=True)[:BATCH])


def _skipped_level(standards: Standards) -> Q:
    """
    Clocks of how long cases are kept that wait for a later level than the ladder now has for them.

    Nothing else about them follows a change of standards; those of a level taken away are reckoned when it
    is reached.
    """
    levels = standards.levels_of(ClockKind.RETENTION)
    return reduce(or_, (Q(passed__lt=level, next_percent__gt=level) for level in levels))


def _finish(number: int) -> None:
    """Unless some are held back."""
    waiting = Rearming.objects.filter(stamp__lte=number).exclude(state=JobState.DONE)
    if not Timer.objects.following().filter(standards__lt=number).exists():
        waiting.update(state=JobState.DONE, finished_at=database_now(), looked_at=F("total"))


def _hold_case(case_id: int, error: Exception) -> None:
    hold(Timer.objects.running().filter(case_id=case_id), error)


@transaction.atomic
def rearm(case_ids: Sequence[int]) -> int:
    """Reckon the clocks of these cases anew; returns how many moved. Raises what goes wrong."""
    looked_at, moved = 0, 0
    at, standards = database_now(), present_standards()
    cases = _locked(case_ids)
    changed: list[Timer] = []
    for case in cases:
        case.standards = standards
        before = {row.pk: row.due_at for row in case.timers.all() if row.stopped_at is None}
        rows = plan_rearming(case, at)
        looked_at += len(before)
        moved += sum(before.get(row.pk) != row.due_at for row in rows)
        changed += rows
    warn_of_unannounced(standards, changed)
    write_timers(changed)
    update_rows(Case, cases, ("due_at", "due_clock", "service_level"))
    newest = Rearming.objects.filter(stamp=standards.number)
    newest.update(state=JobState.RUNNING, looked_at=F("looked_at") + looked_at, moved=F("moved") + moved)
    return moved


def _locked(case_ids: Sequence[int]) -> list[Case]:
    cases = list(_with_clocks(Case.objects.filter(among("pk", case_ids)).locked(skip=True)))
    for case in cases:
        forget_unmatched(case, ("team", "service_level"))
    return cases


def _with_clocks(cases: Any, *, timers: bool = True) -> Any:
    """
    Cases with all that their clocks are reckoned from, in a fixed number of queries; without ``timers``,
    which cases just written do not have.
    """
    supports = SupportRequest.objects.unfinished().select_related("team")
    rounds = Round.objects.filter(closed_at=None)
    parts = [Prefetch("rounds", rounds), Prefetch("support_requests", supports)]
    if timers:
        parts.append(Prefetch("timers", Timer.objects.select_related("support__team")))
    rows = cases.select_related("team", "customer", "service_level").defer(*BULKY)
    return rows.prefetch_related(*parts)


def plan_rearming(case: Case, at: datetime) -> list[Timer]:
    """
    The clocks of this case as they must be under ``case.standards``; changed ones are returned, none is
    written.

    The case keeps the version of the service level it began with, unless a later one was made for open cases.
    """
    rows = [
        row for row in case.timers.all() if row.stopped_at is None or row.round_number == case.round_number
    ]
    return plan_clocks(case, rows, at)


def plan_clocks(case: Case, rows: Sequence[Timer], at: datetime) -> list[Timer]:
    """The same for the clocks given: those of the present round, and whatever still runs."""
    if unclosed := list(case.rounds.all()):
        case.current_round = unclosed[0]
    return plan_sync(case, rows, cause=NO_STEP, at=at, asked=list(case.support_requests.all()))


def arm_anew(case_ids: Sequence[int], at: datetime) -> None:
    """
    Begin the clocks of cases that have none yet, because they were written set-wise from elsewhere.

    To be called in the transaction that wrote them; ``at`` is the moment of the writing.
    """
    standards = present_standards()
    for batch in batched(case_ids, BATCH):
        cases = list(_with_clocks(Case.objects.filter(among("pk", batch)), timers=False))
        timers: list[Timer] = []
        for case in cases:
            case.standards = standards
            timers += plan_clocks(case, [], at)
        warn_of_unannounced(standards, timers)
        insert_rows(Timer, [values_of(timer) for timer in timers])
        update_rows(Case, cases, ("due_at", "due_clock", "service_level"))


@dataclass(frozen=True)
class Moved:
    """A clock that would get another deadline."""

    case: Case
    kind: str
    was: datetime | None
    becomes: datetime | None


@dataclass(frozen=True)
class Preview:
    """What reckoning anew would move: how many running clocks there are, and those that move."""

    running: int
    looked_at: int
    moved: int
    examples: list[Moved]


@transaction.atomic
def preview_change(write: Callable[[], object], *, most: int = 2000) -> Preview:
    """
    What would move if ``write`` changed calendars, service levels or ladder; nothing of it is kept.

    Looks at the ``most`` cases whose deadline comes first, and says how many clocks there are in all.
    """
    present = present_standards()  # before anything is written: what is remembered must be what is kept
    write()
    standards = read_standards(present.number + 1)
    standards.earlier[present.number] = Earlier(database_now(), present.calendars)
    preview = look_ahead(standards, most=most)
    transaction.set_rollback(True)
    return preview


def look_ahead(standards: Standards, *, most: int) -> Preview:
    at = database_now()
    running = Timer.objects.running()
    soonest = running.exclude(due_at=None).order_by("due_at").values_list("case_id", flat=True)[:most]
    moved: list[Moved] = []
    looked_at = 0
    for case in _cases_of(list(dict.fromkeys(soonest))):
        case.standards = standards
        before = {row.pk: row.due_at for row in case.timers.all() if row.stopped_at is None}
        looked_at += len(before)
        moved += [
            Moved(case, row.kind, before[row.pk], row.due_at)
            for row in plan_rearming(case, at)
            if row.pk in before and before[row.pk] != row.due_at
        ]
    return Preview(running.count(), looked_at, len(moved), moved[:EXAMPLES])


def _cases_of(case_ids: Sequence[int]) -> Iterator[Case]:
    for batch in batched(case_ids, BATCH):
        yield from _with_clocks(Case.objects.filter(among("pk", batch)))
