"""Who handles a case next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from cases.choices import OPEN_STATES, Role, State
from cases.exceptions import InvalidInput
from cases.models import Absence, EventKind, Staff, Team
from cases.rosters import shifts_at, shifts_from

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Case
    from cases.querysets import StaffQuerySet

MANAGED_FROM = 3  # times the customer was not satisfied
# Whoever made one of these has handled the case, even when it went to somebody else in the same round,
HANDLED = (EventKind.BEGIN_ANALYSIS, EventKind.ACCEPT, EventKind.SUBMIT_PLAN, EventKind.DELIVER)
# and whoever was given it by one of these.
GIVEN = (EventKind.REASSIGN, EventKind.DISPUTE)
ON_DUTY = Q(on_shift=True) | Q(has_shifts=False)


class Because(models.TextChoices):
    """Why the second handling fell to whom; stored with the event."""

    SUPERVISOR = "supervisor", _("A supervisor of the department who has not handled the case")
    NO_SUPERVISOR = "no_supervisor", _("No other supervisor is on duty, so it went to a manager")
    REPEATED = "repeated", _("The customer was not satisfied for the third time, so it went to a manager")
    NO_MANAGER = "no_manager", _("No manager is there either, so it fell to a supervisor")
    NOBODY = "nobody", _("Neither a supervisor nor a manager is free: the team must accept the case")


@dataclass(frozen=True)
class SecondHandler:
    """Who takes the next round, and why this person; nobody where the team must accept."""

    staff: Staff | None
    because: Because


def second_handler(case: Case, at: datetime) -> SecondHandler:
    """
    Who takes the next round of a case whose customer was not satisfied.

    A supervisor of the department who is on duty and has not handled it, the one with the fewest open cases;
    where there is none, and from the third dissatisfaction on, a manager, one on duty if there is; where
    there is none either, any supervisor, or nobody, and the case waits for acceptance by its team. Who is
    absent is not there at all; not on duty is who works by a roster outside of their shifts. Somebody whose
    shift it is comes before somebody who has none.
    """
    free, repeated = _free_for(case, at), _is_repeated(case)
    supervisors = _supervisors_of(case, free)
    if not repeated and (found := supervisors.filter(ON_DUTY).first()):
        return SecondHandler(found, Because.SUPERVISOR)
    manager = _manager_of(free)
    if repeated and manager is None:  # better one who has had it before than none
        manager = _manager_of(_present(case, at))
    if manager:
        return SecondHandler(manager, Because.REPEATED if repeated else Because.NO_SUPERVISOR)
    found = supervisors.first()
    return SecondHandler(found, Because.NO_MANAGER if found else Because.NOBODY)


def _supervisors_of(case: Case, people: StaffQuerySet) -> StaffQuerySet:
    supervisors = people.with_role(Role.SUPERVISOR)
    return supervisors.filter(department_id=case.team.department_id) if case.team else supervisors


def _manager_of(people: StaffQuerySet) -> Staff | None:
    """One on duty if there is."""
    managers = people.with_role(Role.MANAGER)
    return managers.filter(ON_DUTY).first() or managers.first()


def _free_for(case: Case, at: datetime) -> StaffQuerySet:
    """Of those present, who has had no part in the case."""
    handled = case.events.filter(kind__in=HANDLED).exclude(actor=None).values("actor_id")
    handler = Cast(KeyTextTransform("handler", "data"), models.BigIntegerField())
    given = case.events.filter(kind__in=GIVEN).annotate(given=handler).exclude(given=None).values("given")
    return (
        _present(case, at)
        .exclude(pk__in=case.rounds.exclude(handler=None).values("handler_id"))
        .exclude(pk__in=handled)
        .exclude(pk__in=given)
    )


def _present(case: Case, at: datetime) -> StaffQuerySet:
    """Active people who are not away, the least loaded first."""
    away = Absence.objects.at(at).filter(staff=OuterRef("pk"))
    present: StaffQuerySet = (
        Staff.objects.active()
        .exclude(Exists(away))
        .annotate(
            load=Count("handled_cases", filter=Q(handled_cases__state__in=OPEN_STATES)),
            on_shift=Exists(shifts_at(at, case.standards).filter(staff=OuterRef("pk"))),
            has_shifts=Exists(shifts_from(at).filter(staff=OuterRef("pk"))),
        )
        .order_by("-on_shift", "load", "pk")
    )
    return present


def _is_repeated(case: Case) -> bool:
    """Whether it is once too often; another round may also have begun because the case was reopened."""
    before = MANAGED_FROM - 1
    return case.round_number > before and case.events.filter(kind=EventKind.DISPUTE).count() >= before


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
