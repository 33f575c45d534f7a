"""
What must hold before a transition: of the case, and between the case and the person.

Each condition carries the sentence shown when it does not hold, so a refusal never has to be guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.choices import State

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from cases.models import Case, Staff


@dataclass(frozen=True)
class Condition:
    """A fact about the case; django-fsm calls it with the case."""

    test: Callable[[Case], bool]
    reason: str | Promise

    def __call__(self, case: Case) -> bool:
        return self.test(case)


@dataclass(frozen=True)
class Relation:
    """What ties the person to the case; the system is tied to every case."""

    test: Callable[[Case, Staff], bool]
    reason: str | Promise

    def __call__(self, case: Case, staff: Staff | None) -> bool:
        return staff is None or self.test(case, staff)


def _within_reopening_days(case: Case) -> bool:
    if case.archived_at is None:
        return False
    return (timezone.now() - case.archived_at).days < settings.CASE_REOPEN_DAYS


is_not_under_analysis = Condition(
    lambda case: case.state == State.INTAKE or case.handler_id is None,
    _("The analysis has begun already."),
)
is_accepted = Condition(
    lambda case: case.accepted_at is not None,
    _("Nobody has accepted the case yet. Accept it with a promised completion time first."),
)
is_not_accepted = Condition(
    lambda case: case.accepted_at is None,
    _("The case has already been accepted."),
)
has_first_response = Condition(
    lambda case: case.first_response_at is not None,
    _("The customer has not been answered yet. Contact the customer first."),
)
is_not_waiting = Condition(
    lambda case: not case.waiting_for,
    _("The case is waiting. Resume it first."),
)
is_waiting = Condition(
    lambda case: bool(case.waiting_for),
    _("The case is not waiting for anything."),
)
has_no_open_support = Condition(
    lambda case: not case.support_requests.unfinished().exists(),
    _("A supporting team has not finished yet. Wait for its result or have the supervisor waive it."),
)
has_open_support = Condition(
    lambda case: case.support_requests.unfinished().exists(),
    _("No supporting team is at work on this case."),
)
has_plan_if_needed = Condition(
    lambda case: not case.current_round.lacks_plan,
    _("The customer was not satisfied: submit an improvement plan before the next delivery."),
)
needs_plan = Condition(
    lambda case: case.current_round.lacks_plan,
    _("This round needs no improvement plan, or it has been submitted already."),
)
may_still_be_reopened = Condition(
    _within_reopening_days,
    _("The time for reopening this case has passed. Register a new case instead."),
)
is_not_on_legal_hold = Condition(
    lambda case: not case.legal_hold,
    _("The case is on legal hold and stays as it is."),
)
is_on_legal_hold = Condition(
    lambda case: case.legal_hold,
    _("The case is not on legal hold."),
)
details_are_unconfirmed = Condition(
    lambda case: case.details_confirmed_at is None,
    _("The key facts have been confirmed already."),
)

sees_the_case = Relation(lambda case, staff: True, "")
is_handler = Relation(
    lambda case, staff: case.handler_id == staff.pk,
    _("Only the handler of this case may do this."),
)
is_responsible = Relation(
    lambda case, staff: (
        case.handler_id == staff.pk
        or (case.state == State.INTAKE and case.handler_id is None and staff.is_in(case.team_id))
    ),
    _("Only the handler may do this or, before anyone has claimed the case, a member of its team."),
)
is_unclaimed_or_mine = Relation(
    lambda case, staff: (
        case.handler_id == staff.pk or (case.handler_id is None and staff.is_in_or_leads(case.team_id))
    ),
    _("Somebody else has claimed this case already, or it belongs to another team."),
)
may_accept = Relation(
    lambda case, staff: (
        case.handler_id == staff.pk or (case.handler_id is None and staff.is_in(case.team_id))
    ),
    _("Only a member of the main team, or the person it was assigned to, may accept this case."),
)
works_in_main_team = Relation(
    lambda case, staff: case.handler_id == staff.pk or staff.is_in(case.team_id),
    _("Only the main team of this case may do this."),
)
works_in_supporting_team = Relation(
    lambda case, staff: case.support_requests.unfinished().of_teams_of(staff).exists(),
    _("None of your teams is asked to support this case."),
)
is_handler_or_supervisor = Relation(
    lambda case, staff: case.handler_id == staff.pk or staff.leads(case.team_id),
    _("Only the handler or the supervisor of the department may do this."),
)
is_supervisor_of_case = Relation(
    lambda case, staff: staff.leads(case.team_id),
    _("Only the supervisor of the responsible department may do this."),
)
