"""
When each clock of a case reaches its levels. Pure: no query, no clock but the moments passed in.

``expected_clocks`` says what must run; ``sync_timers`` makes the rows agree with it. Moments are aware;
durations are working time of the clock's calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from cases.choices import ClockEnd, ClockKind, PauseOwner
from cases.models import EventKind, Timer
from cases.standards import BREACH
from cases.worktime import add_working_time, working_time_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cases.expected_clocks import Clock
    from cases.models import Case
    from cases.standards import Standards
    from cases.worktime import PreparedCalendar

NOTHING = timedelta(0)
# The steps that keep a promise; any other end of its clock means it is no longer needed (paper 2.2).
KEPT_BY: dict[str, tuple[str, ...]] = {
    ClockKind.FIRST_RESPONSE: (EventKind.CONTACT_CUSTOMER, EventKind.REPORT_PROGRESS),
    ClockKind.TRIAGE: (EventKind.DISPATCH, EventKind.ANSWER_DIRECTLY),
    ClockKind.ACCEPTANCE: (EventKind.ACCEPT,),
    ClockKind.PROGRESS_UPDATE: (
        EventKind.CONTACT_CUSTOMER,
        EventKind.REPORT_PROGRESS,
        EventKind.DELIVER,
    ),
    ClockKind.COMPLETION: (EventKind.DELIVER,),
    ClockKind.SUPPORT: (EventKind.FINISH_SUPPORT,),
    ClockKind.IMPROVEMENT_PLAN: (EventKind.SUBMIT_PLAN,),
    ClockKind.CONFIRMATION_REMINDER: (),  # no promise: who answers after it is not late
    ClockKind.CONFIRMATION_EXPIRY: (EventKind.CONFIRM, EventKind.DISPUTE),
    ClockKind.RETENTION: (),
}
# By when a dissatisfied customer is called, as page and mail say it: the first of these that runs.
CALLED_BY = (ClockKind.IMPROVEMENT_PLAN, ClockKind.ACCEPTANCE)
# What staff see as the next deadline of a case. How long it is kept is none of theirs; that the customer is
# reminded makes nobody late, and what comes next is the end of their time to answer.
NO_DEADLINE = (ClockKind.CONFIRMATION_REMINDER, ClockKind.RETENTION)
DEADLINES = tuple(kind.value for kind in ClockKind if kind not in NO_DEADLINE)


@dataclass
class Sync:
    """What one step does to the clocks of one case."""

    case: Case
    standards: Standards
    at: datetime
    cause: str


def sync_timers(sync: Sync, rows: Sequence[Timer], clocks: Sequence[Clock]) -> list[Timer]:
    """
    Make the rows agree with the clocks that must run; returns those that changed, the stopped ones first.

    ``rows`` are all of the present round and whatever still runs. Writes nothing; doing it twice changes
    nothing the second time.
    """
    wanted = {clock.identity: clock for clock in clocks}
    stopped, changed = [], []
    for row in rows:
        if row.stopped_at is not None:
            continue
        clock = wanted.pop(_identity(row), None)
        if clock is None:
            _stop(sync, row)
            stopped.append(row)
        elif _adjust(sync, row, clock):
            changed.append(row)
    begun = [_begin(sync, rows, clock) for clock in wanted.values()]
    return [*stopped, *changed, *begun]


def _identity(row: Timer) -> tuple[str, int | None, datetime]:
    return row.kind, row.support_id, row.started_at


def _stop(sync: Sync, row: Timer) -> None:
    kept = sync.cause in KEPT_BY[row.kind]
    if kept:
        row.end = ClockEnd.MISSED if _is_kept_too_late(sync, row) else ClockEnd.MET
    else:
        row.end = ClockEnd.VOID
    row.stopped_at = sync.at
    row.next_percent = row.next_at = row.held_until = None
    row.standards = sync.standards.number


def _is_kept_too_late(sync: Sync, row: Timer) -> bool:
    """While it stands still no time passes: then it is late if it was when that began."""
    kept_at = _kept_at(sync, row)
    if row.paused_at is None:
        return row.due_at is not None and kept_at > row.due_at
    if row.target_at is None and (kept_at >= row.paused_at or row.used <= row.budget):
        return row.used > row.budget
    return min(kept_at, row.paused_at) > deadline_of(row, sync.standards)


def _kept_at(sync: Sync, row: Timer) -> datetime:
    """When the promise was kept; of words written down later, when they were said."""
    if row.kind == ClockKind.FIRST_RESPONSE and sync.case.first_response_at:
        return sync.case.first_response_at
    if row.kind == ClockKind.PROGRESS_UPDATE and sync.cause != EventKind.DELIVER and sync.case.contacted_at:
        return sync.case.contacted_at
    return sync.at


def _begin(sync: Sync, rows: Sequence[Timer], clock: Clock) -> Timer:
    """
    A new row; its cycle is one more than that of the last of its kind in this round.

    One that began earlier (a contact written down later) stood still as long as the one it follows.
    """
    round_number = sync.case.round_number
    before = [r for r in rows if r.kind == clock.kind and r.round_number == round_number]
    row = Timer(
        case=sync.case,
        kind=clock.kind,
        round_number=round_number,
        cycle=clock.support.pk if clock.support else max((r.cycle for r in before), default=0) + 1,
        support=clock.support,
        calendar_id=clock.calendar_id,
        started_at=clock.started_at,
        running_since=clock.started_at,
        target_at=clock.target_at,
        not_before=sync.at,
        standards=sync.standards.number,
    )
    row.budget = _budget(sync, clock)
    if clock.support is None:
        _stand_still_as_before(sync, row, before, clock)
    reckon(row, sync.standards)
    _pause_or_resume(sync, row, clock)
    return row


def _stand_still_as_before(sync: Sync, row: Timer, before: Iterable[Timer], clock: Clock) -> None:
    """Take over the pauses since this clock began of those of its kind, and one that still lasts."""
    spans = [span for earlier in before for span in _pauses_of(earlier, sync.at)]
    since = row.started_at
    for begun, over, owner, lasts in sorted(spans):
        if lasts and clock.paused_for:
            row.running_since, row.paused_at = None, max(begun, since)
            row.paused_for = clock.paused_for
        elif over > since:
            row.pauses = [*row.pauses, _span(max(begun, since), over, owner)]
            since = over
    _count_anew(row, sync.standards.calendar(row.calendar_id))


def _pauses_of(row: Timer, at: datetime) -> Iterable[tuple[datetime, datetime, str, bool]]:
    """From, to, for whom, and whether it lasted until the clock was stopped at this very moment."""
    for span in row.pauses:
        yield datetime.fromisoformat(span["from"]), datetime.fromisoformat(span["to"]), span["for"], False
    if row.paused_at is not None and row.stopped_at is not None:
        yield row.paused_at, row.stopped_at, row.paused_for, row.stopped_at == at


def _span(begun: datetime, over: datetime, owner: str) -> dict[str, str]:
    return {"from": begun.isoformat(), "to": over.isoformat(), "for": owner}


def _adjust(sync: Sync, row: Timer, clock: Clock) -> bool:
    """
    Take over another budget, calendar, promise or pause, keeping the time used; whether anything changed.
    """
    planned, paused_for, standards = _plan_of(row), row.paused_for, row.standards
    if clock.target_at is None:
        _keep_time_of_earlier_calendars(sync, row)
        if row.calendar_id != clock.calendar_id:
            _bank(row, sync.standards.calendar(row.calendar_id), sync.at)
    row.calendar_id = clock.calendar_id
    row.target_at = clock.target_at
    row.budget = _budget(sync, clock)
    if clock.target_at is not None:
        _count_anew(row, sync.standards.calendar(row.calendar_id))
    row.standards = sync.standards.number
    reckon(row, sync.standards)
    if planned != _plan_of(row):
        row.not_before = sync.at  # what a promise changed to cannot have been missed before
        reckon(row, sync.standards)
    _pause_or_resume(sync, row, clock)
    return (planned, paused_for, standards) != (_plan_of(row), row.paused_for, row.standards)


def _plan_of(row: Timer) -> tuple[object, ...]:
    """What tells that a clock was planned anew: when its levels come and, while it waits, what is left."""
    if row.running_since is None:
        return row.target_at, row.budget, row.used, row.next_percent, row.next_at
    return row.due_at, row.next_percent, row.next_at


def _count_anew(row: Timer, calendar: PreparedCalendar) -> None:
    """
    The time used, by one calendar from the beginning: of a promised moment it is only the time between that
    counts, whichever calendar held when.
    """
    turns = _turns(row)
    row.used = sum((working_time_between(calendar, *stretch) for stretch in _stretches(turns)), NOTHING)
    row.running_since = None if row.paused_at else turns[-1]


def _turns(row: Timer) -> list[datetime]:
    """When the clock began, stood still, went on, and so forth."""
    turns = [row.started_at]
    for span in row.pauses:
        turns += [datetime.fromisoformat(span["from"]), datetime.fromisoformat(span["to"])]
    return turns if row.paused_at is None else [*turns, row.paused_at]


def _stretches(turns: list[datetime]) -> list[tuple[datetime, datetime]]:
    """In which it ran, up to the last turn; those between are pauses."""
    return list(pairwise(turns))[::2]


def _keep_time_of_earlier_calendars(sync: Sync, row: Timer) -> None:
    """What passed before the calendar itself was changed, once or more often, counts as it was then."""
    if row.calendar_id is None:
        return
    now = sync.standards.calendar(row.calendar_id)
    missed = sync.standards.since(row.standards)
    spans = [(each.calendars.get(row.calendar_id, now), each.until) for each in missed]
    if any(then.facts != now.facts for then, _until in spans):
        for then, until in spans:
            _bank(row, then, until)


def _budget(sync: Sync, clock: Clock) -> timedelta:
    if clock.target_at is None:
        return clock.budget or NOTHING
    return working_time_between(
        sync.standards.calendar(clock.calendar_id), clock.started_at, max(clock.target_at, clock.started_at)
    )


def _pause_or_resume(sync: Sync, row: Timer, clock: Clock) -> None:
    if bool(clock.paused_for) == bool(row.paused_for):
        return
    if clock.paused_for:
        _bank(row, sync.standards.calendar(row.calendar_id), sync.at)
        row.running_since, row.paused_at, row.paused_for = None, sync.at, clock.paused_for
    else:
        assert row.paused_at
        row.pauses = [*row.pauses, _span(row.paused_at, sync.at, row.paused_for)]
        row.running_since, row.paused_at, row.paused_for = sync.at, None, ""
    reckon(row, sync.standards)


def _bank(row: Timer, calendar: PreparedCalendar, at: datetime) -> None:
    """Count what has run so far as used, and run on from ``at``."""
    if row.running_since is not None and at > row.running_since:
        row.used += working_time_between(calendar, row.running_since, at)
        row.running_since = at


def reckon(row: Timer, standards: Standards) -> None:
    """
    Set the deadline and the next level of a clock. One that stands still has no deadline, and a next level
    only where it was reached before and nobody has noticed it yet.
    """
    percent = next(iter(standards.levels_above(row.kind, row.passed)), None)
    row.due_at = None if row.paused_at else moments_of(row, standards)(BREACH)
    if row.due_at and row.kind == ClockKind.CONFIRMATION_EXPIRY:  # the customer's time, which may be put off
        row.due_at = _planned(row, row.due_at)
    row.next_at = None if percent is None else _reached_at(row, standards, percent)
    row.next_percent = percent if row.next_at else None


def _reached_at(row: Timer, standards: Standards, percent: int) -> datetime | None:
    """
    When a clock is to be noticed at this level; None where it stands still and was not there before, or
    where the law keeps it from ending at all.
    """
    stands_since = row.paused_at
    if stands_since and row.target_at is None and row.budget * percent / 100 > row.used:
        return None
    planned = _planned(row, moments_of(row, standards)(percent))
    if stands_since and (planned > stands_since or row.paused_for == PauseOwner.LEGAL_HOLD):
        return None
    return planned


def deadline_of(row: Timer, standards: Standards) -> datetime:
    """Of a clock that stands still, the one it had when that began."""
    return row.due_at or moments_of(row, standards)(BREACH)


def _planned(row: Timer, moment: datetime) -> datetime:
    """When a level is to be noticed: not before its clock was known to have it (``not_before``)."""
    return max(moment, row.not_before) if row.not_before else moment


def moments_of(row: Timer, standards: Standards) -> Callable[[int], datetime]:
    """
    When a clock reaches a level, by per cent of its budget; one that stands still as if it went on at once.
    """
    calendar = standards.calendar(row.calendar_id)
    since = row.running_since or row.paused_at
    assert since is not None

    def moment(percent: int) -> datetime:
        wanted = row.budget * percent / 100
        if row.target_at is not None:
            return _moved_on(row, calendar, _without_pauses(row, calendar, percent, wanted))
        has_stood = row.pauses or row.paused_at
        walked = _reached_before(row, calendar, wanted) if has_stood and wanted <= row.used else None
        return walked or add_working_time(calendar, since, max(wanted - row.used, NOTHING))

    return moment


def _without_pauses(row: Timer, calendar: PreparedCalendar, percent: int, wanted: timedelta) -> datetime:
    """When a promise reaches a level if it never stands still; its deadline is the promised moment."""
    assert row.target_at is not None
    if percent == BREACH:
        return row.target_at
    walked = add_working_time(calendar, row.started_at, wanted)
    return min(walked, row.target_at) if percent < BREACH else max(walked, row.target_at)


def _moved_on(row: Timer, calendar: PreparedCalendar, moment: datetime) -> datetime:
    """
    By the working time of each pause that began before it; what was reached before a pause stays, and
    nothing is reached in one.
    """
    for begun, over in list(pairwise(_turns(row)))[1::2]:
        if moment > begun:
            missed = working_time_between(calendar, begun, over)
            moment = max(add_working_time(calendar, moment, missed), over)
    return moment


def _reached_before(row: Timer, calendar: PreparedCalendar, wanted: timedelta) -> datetime | None:
    """When so much was used, in a stretch that is over; None where another calendar counted then."""
    used, found = NOTHING, None
    for begun, over in _stretches(_turns(row)):
        worked = working_time_between(calendar, begun, over)
        if found is None and used + worked >= wanted:
            found = add_working_time(calendar, begun, wanted - used)
        used += worked
    return found if used == row.used else None


def next_deadline(rows: Iterable[Timer]) -> Timer | None:
    """The clock that staff see as the next one: the running deadline that comes first."""
    running = [row for row in rows if row.is_running and row.due_at and row.kind in DEADLINES]
    return min(running, key=lambda row: row.due_at, default=None) if running else None  # type: ignore[arg-type,return-value]


def due_levels(row: Timer, standards: Standards, at: datetime) -> list[tuple[int, datetime]]:
    """
    The levels a clock has reached by ``at`` and not yet passed, with their moments, ascending; of one that
    stands still those it reached before.
    """
    if row.next_at is None or row.next_at > at:
        return []
    first = row.next_percent or BREACH
    later = standards.levels_above(row.kind, max(first, row.passed))
    planned = [(percent, _reached_at(row, standards, percent)) for percent in later]
    return [
        (first, row.next_at),
        *((percent, moment) for percent, moment in planned if moment and moment <= at),
    ]
