"""
Which clocks a case must run, derived from its facts as it stands. Pure: no query, no clock but the moments
passed in. Moments are aware; durations are working time of the clock's calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cases.choices import BEFORE_RESULT, ClockKind, PauseOwner, State, Urgency, WaitingFor
from cases.models import ServiceLevelVersion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from cases.models import Case, SupportRequest, Team
    from cases.standards import Standards


def awaits_promise(case: Case) -> bool:
    """Whether the customer's wish is what counts: nothing was promised, and no result is there."""
    return case.state in BEFORE_RESULT and not case.promised_at


@dataclass(frozen=True)
class Clock:
    """
    A clock that must run. ``target_at`` is a promised moment, which then replaces the budget;
    ``paused_for`` says for whom it stands still.
    """

    kind: str
    started_at: datetime
    budget: timedelta | None = None
    target_at: datetime | None = None
    calendar_id: int | None = None
    support: SupportRequest | None = None
    paused_for: str = ""

    @property
    def identity(self) -> tuple[str, int | None, datetime]:
        """Two clocks with the same one are the same promise, however its budget changed meanwhile."""
        return self.kind, self.support.pk if self.support else None, self.started_at


def expected_clocks(
    case: Case, standards: Standards, supports: Iterable[SupportRequest], plan_since: datetime | None
) -> list[Clock]:
    """
    What must run for the case as it stands.

    ``supports`` are its unfinished support requests; ``plan_since`` is when the present round began to wait
    for an improvement plan, None where it waits for none.
    """
    level = case.service_level or ServiceLevelVersion()
    clocks = [
        *_before_result(case, level),
        *_in_handling(case, level, supports),
        *_at_the_end(case, level),
    ]
    if plan_since is not None and case.state in (State.ANALYSIS, State.HANDLING):
        clocks.append(Clock(ClockKind.IMPROVEMENT_PLAN, plan_since, level.improvement_plan))
    return [_settled(clock, case, level, standards) for clock in clocks]


def _before_result(case: Case, level: ServiceLevelVersion) -> Iterable[Clock]:
    unanswered = case.first_response_at is None and case.round_number == 1
    if unanswered and case.state in BEFORE_RESULT:
        yield Clock(ClockKind.FIRST_RESPONSE, case.received_at, response_time(level, case.urgency))
    if case.state in (State.INTAKE, State.ANALYSIS):
        paused = PauseOwner.CUSTOMER if case.waiting_for == WaitingFor.CUSTOMER else ""
        since = case.triage_since or case.received_at
        yield Clock(ClockKind.TRIAGE, since, level.triage, paused_for=paused)


def _in_handling(
    case: Case, level: ServiceLevelVersion, supports: Iterable[SupportRequest]
) -> Iterable[Clock]:
    if case.state != State.HANDLING:
        return
    if case.accepted_at is None:
        yield Clock(ClockKind.ACCEPTANCE, case.offered_at or case.state_since, level.acceptance)
    else:
        told = max(case.accepted_at, case.contacted_at or case.accepted_at)
        pause = case.waiting_for
        yield Clock(ClockKind.PROGRESS_UPDATE, told, progress_time(level, case.urgency), paused_for=pause)
        yield Clock(ClockKind.COMPLETION, case.accepted_at, target_at=case.promised_at, paused_for=pause)
    for support in supports:
        yield Clock(
            ClockKind.SUPPORT,
            support.requested_at,
            level.support,
            target_at=support.due_at,
            support=support,
            paused_for=case.waiting_for,
        )


def _at_the_end(case: Case, level: ServiceLevelVersion) -> Iterable[Clock]:
    if case.state == State.CONFIRMATION:
        yield Clock(ClockKind.CONFIRMATION_REMINDER, case.state_since, level.confirmation_reminder)
        yield Clock(ClockKind.CONFIRMATION_EXPIRY, case.state_since, level.confirmation_expiry)
    if case.state == State.ARCHIVE and case.archived_at:
        held = PauseOwner.LEGAL_HOLD if case.legal_hold else ""
        yield Clock(ClockKind.RETENTION, case.archived_at, level.retention, paused_for=held)


def response_time(level: ServiceLevelVersion, urgency: str) -> timedelta:
    """How soon the customer is answered, by urgency (mission paper 1.1)."""
    return {
        Urgency.URGENT: level.response_urgent,
        Urgency.IMPORTANT: level.response_important,
        Urgency.NORMAL: level.response_normal,
    }[Urgency(urgency)]


def progress_time(level: ServiceLevelVersion, urgency: str) -> timedelta:
    """How often the customer hears of progress, by urgency (mission paper 1.1)."""
    return level.progress_urgent if urgency == Urgency.URGENT else level.progress_other


def _settled(clock: Clock, case: Case, level: ServiceLevelVersion, standards: Standards) -> Clock:
    """With its calendar and, for a case brought in from elsewhere, not begun before that."""
    started_at = max(clock.started_at, case.clocks_from or clock.started_at)
    if clock.kind == ClockKind.RETENTION:
        started_at = clock.started_at
    calendar_id = _calendar_of(clock, case, level, standards)
    return replace(clock, started_at=started_at, calendar_id=calendar_id)


def _calendar_of(clock: Clock, case: Case, level: ServiceLevelVersion, standards: Standards) -> int | None:
    """Paper 2.2: of the service level, of the team, or round the clock."""
    of_level = level.calendar_id or standards.default_calendar_id
    match clock.kind:
        case ClockKind.FIRST_RESPONSE:
            return of_level
        case ClockKind.ACCEPTANCE | ClockKind.PROGRESS_UPDATE | ClockKind.COMPLETION:
            return _calendar_of_team(case.team) or of_level
        case ClockKind.SUPPORT:
            return _calendar_of_team(clock.support.team if clock.support else None) or of_level
    return None


def _calendar_of_team(team: Team | None) -> int | None:
    return team.calendar_id if team else None
