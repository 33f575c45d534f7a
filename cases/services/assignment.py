"""Who handles a case next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from cases.choices import OPEN_STATES, Role, State
from cases.exceptions import InvalidInput
from cases.models import EventKind, Staff, Team

if TYPE_CHECKING:
    from cases.models import Case

# Whoever made one of these has handled the case, even when it went to somebody else in the same round.
HANDLING_BEGINS = (EventKind.BEGIN_ANALYSIS, EventKind.ACCEPT)


def second_handler(case: Case) -> Staff | None:
    """
    Who takes the next round of a case whose customer was not satisfied.

    A supervisor of the department who has not handled it, the one with the fewest open cases; where there
    is none, a manager; where there is none either, nobody, and the case waits for acceptance by its team.
    """
    handled = case.events.filter(kind__in=HANDLING_BEGINS).exclude(actor=None).values("actor_id")
    free = (
        Staff.objects.active()
        .exclude(pk__in=case.rounds.exclude(handler=None).values("handler_id"))
        .exclude(pk__in=handled)
        .annotate(load=Count("handled_cases", filter=Q(handled_cases__state__in=OPEN_STATES)))
        .order_by("load", "pk")
    )
    supervisors = free.with_role(Role.SUPERVISOR)
    if case.team:
        supervisors = supervisors.filter(department_id=case.team.department_id)
    found: Staff | None = supervisors.first() or free.with_role(Role.MANAGER).first()
    return found


def team_of_new_handler(case: Case, handler: Staff, wanted: Team | None) -> Team:
    """The team a reassigned case belongs to; the new handler must be its member or lead it."""
    if wanted and not wanted.active:
        raise InvalidInput("team", _("This team is not active any more. Choose another one."))
    team = wanted or case.team
    if team and handler.is_in_or_leads(team.pk):
        return team
    own = None if wanted else handler.teams.filter(active=True).first()
    if own is None:
        raise InvalidInput("handler", _("This person does not work in that team."))
    return own


def refuse_unfit_handler(case: Case, handler: Staff) -> None:
    """A new handler must be active and have the rights the present state asks for."""
    needed = "cases.may_accept" if case.state == State.HANDLING else "cases.may_dispatch"
    if not handler.is_active or not handler.has_perm(needed):
        raise InvalidInput("handler", _("This person cannot take over a case in this state."))
    if handler.pk == case.handler_id:
        raise InvalidInput("handler", _("This person is the handler already."))
