"""
What must hold before a transition: of the case, and between the case and the person.

Each condition carries the sentence shown when it does not hold, so a refusal never has to be guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cases.choices import Outcome, State, Tier
from cases.clock import database_now

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from cases.models import Case, Staff


@dataclass(frozen=True)
class Condition:
    """
    A fact about the case; django-fsm calls it with the case.

    ``hides``: while it does not hold the transition means nothing, and a page need not even mention it.
    """

    test: Callable[[Case], bool]
    reason: str | Promise
    hides: bool = False

    def __call__(self, case: Case) -> bool:
        return self.test(case)


@dataclass(frozen=True)
class Relation:
    """What ties the person to the case; the system is tied to every case."""

    test: Callable[[Case, Staff], bool]
    reason: str | Promise

    def __call__(self, case: Case, staff: Staff | None) -> bool:
        return staff is None or self.test(case, staff)


def condition(reason: str | Promise, *, hides: bool = False) -> Callable[[Callable[[Case], bool]], Condition]:
    """Make a function of the case a Condition with its sentence."""
    return lambda test: Condition(test, reason, hides)


def relation(reason: str | Promise) -> Callable[[Callable[[Case, Staff], bool]], Relation]:
    """Make a function of case and person a Relation with its sentence."""
    return lambda test: Relation(test, reason)


@condition(_("The analysis has begun already."), hides=True)
def is_not_under_analysis(case: Case) -> bool:
    return case.state == State.INTAKE or case.handler_id is None


@condition(_("Nobody has accepted the case yet. Accept it with a promised completion time first."))
def is_accepted(case: Case) -> bool:
    return case.accepted_at is not None


@condition(_("The case has already been accepted."), hides=True)
def is_not_accepted(case: Case) -> bool:
    return case.accepted_at is None


@condition(_("The customer has not been answered yet. Contact the customer first."))
def has_first_response(case: Case) -> bool:
    return case.first_response_at is not None


@condition(_("The case is waiting. Resume it first."))
def is_not_waiting(case: Case) -> bool:
    return not case.waiting_for


@condition(_("The case is not waiting for anything."), hides=True)
def is_waiting(case: Case) -> bool:
    return bool(case.waiting_for)


@condition(_("A supporting team has not finished yet. Wait for its result or have the supervisor waive it."))
def has_no_open_support(case: Case) -> bool:
    return not case.unfinished_supports


@condition(_("No supporting team is at work on this case."), hides=True)
def has_open_support(case: Case) -> bool:
    return bool(case.unfinished_supports)


@condition(_("The customer was not satisfied: submit an improvement plan before the next delivery."))
def has_plan_if_needed(case: Case) -> bool:
    return not case.current_round.lacks_plan


@condition(_("The customer was not satisfied: dispatch the case, an improvement plan is needed first."))
def needs_no_plan(case: Case) -> bool:
    return not case.current_round.lacks_plan


@condition(_("This round needs no improvement plan, or it has been submitted already."), hides=True)
def needs_plan(case: Case) -> bool:
    return bool(case.current_round.lacks_plan)


@condition(_("The time for reopening this case has passed. Register a new case instead."))
def may_still_be_reopened(case: Case) -> bool:
    if case.archived_at is None:
        return False
    limit: int = settings.CASE_REOPEN_DAYS
    return (present_moment(case) - case.archived_at).days < limit


@condition(_("The case is on legal hold and stays as it is."))
def is_not_on_legal_hold(case: Case) -> bool:
    return not case.legal_hold


@condition(_("The time for changing this answer has passed. Register a new case instead."))
def may_still_be_disputed(case: Case) -> bool:
    """
    In confirmation always. From the archive while the customer's word may be changed or, where silence was
    taken for an answer, as long as they hold a valid link.
    """
    if case.state != State.ARCHIVE:
        return True
    if case.legal_hold or case.outcome not in (Outcome.CONFIRMED, Outcome.UNANSWERED):
        return False
    at, present = present_moment(case), case.current_round
    if present.answered_at is not None:
        return present.word_may_change(at)
    links = case.customer_links.filter(round_number=case.round_number)
    return bool(case.outcome == Outcome.UNANSWERED and links.valid(at).exists())


@condition(_("The time for changing this answer has passed. Register a new case instead."))
def has_word_to_change(case: Case) -> bool:
    """Some round has a word that is not settled yet, or the case was archived without one."""
    at = present_moment(case)
    silent = case.outcome == Outcome.UNANSWERED and case.current_round.answered_at is None
    return silent or any(row.word_may_change(at) for row in case.rounds.exclude(answered_at=None))


def present_moment(case: Case) -> datetime:
    """When the case was locked, else now; by the clock of the database either way."""
    locked_at: datetime = getattr(case, "locked_at", None) or database_now()
    return locked_at


@condition(_("The case is not on legal hold."), hides=True)
def is_on_legal_hold(case: Case) -> bool:
    return bool(case.legal_hold)


@condition(_("The case is at the highest tier already."), hides=True)
def is_below_highest_tier(case: Case) -> bool:
    return case.tier < max(Tier.values)


@condition(_("The key facts have been confirmed already."), hides=True)
def details_are_unconfirmed(case: Case) -> bool:
    return case.details_confirmed_at is None


@relation(_("There is no such case among those you may see."))
def sees_the_case(case: Case, staff: Staff) -> bool:
    return True


@relation(_("Only the handler of this case may do this."))
def is_handler(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk


@relation(_("Only the handler may do this or, before anyone has claimed the case, a member of its team."))
def is_responsible(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk or (
        case.state == State.INTAKE and case.handler_id is None and staff.is_in(case.team_id)
    )


@relation(_("Somebody else has claimed this case already, or it belongs to another team."))
def is_unclaimed_or_mine(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk or (case.handler_id is None and staff.is_in_or_leads(case.team_id))


@relation(_("Only a member of the main team, or the person it was assigned to, may accept this case."))
def may_accept(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk or (case.handler_id is None and staff.is_in(case.team_id))


@relation(_("Only the main team of this case may do this."))
def works_in_main_team(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk or staff.is_in(case.team_id)


@relation(_("None of your teams is asked to support this case."))
def works_in_supporting_team(case: Case, staff: Staff) -> bool:
    return any(staff.is_in(support.team_id) for support in case.unfinished_supports)


@relation(_("Only the handler or the supervisor of the department may do this."))
def is_handler_or_supervisor(case: Case, staff: Staff) -> bool:
    return case.handler_id == staff.pk or staff.leads(case.team_id)


@relation(_("Only the handler may do this or, where nobody active handles the case, its supervisor."))
def is_handler_or_stands_in(case: Case, staff: Staff) -> bool:
    if case.handler_id == staff.pk:
        return True
    return not (case.handler and case.handler.is_active) and staff.leads(case.team_id)


@relation(_("Only the supervisor of the responsible department may do this."))
def is_supervisor_of_case(case: Case, staff: Staff) -> bool:
    return staff.leads(case.team_id)
