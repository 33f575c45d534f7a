"""Who handles a case next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, Exists, ExpressionWrapper, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from cases.choices import OPEN_STATES, Role, State
from cases.exceptions import InvalidInput
from cases.models import Absence, EventKind, Staff, Team
from cases.rosters import shifts_at, shifts_from

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cases.models import Case

MANAGED_FROM = 3  # times the customer was not satisfied
# Whoever made one of these has handled the case, even when it went to somebody else in the same round,
HANDLED = (EventKind.BEGIN_ANALYSIS, EventKind.ACCEPT, EventKind.SUBMIT_PLAN, EventKind.DELIVER)
# and whoever was given it by one of these.
GIVEN = (EventKind.REASSIGN, EventKind.DISPUTE)


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
    people = _candidates(case, at)
    supervisors = [one for one in _free(people) if one.supervises]
    repeated = _is_repeated(people)
    if not repeated and (found := _one_on_duty(supervisors)):
        return SecondHandler(found.staff, Because.SUPERVISOR)
    if manager := _manager_of(people, even_with_part=repeated):
        return SecondHandler(manager.staff, Because.REPEATED if repeated else Because.NO_SUPERVISOR)
    if supervisors:
        return SecondHandler(supervisors[0].staff, Because.NO_MANAGER)
    return SecondHandler(None, Because.NOBODY)


@dataclass(frozen=True)
class _Candidate:
    """
    ``supervises`` this case; ``has_part`` in what was done in it so far. ``disputes``, the same for all: how
    often the customer was not satisfied before.
    """

    staff: Staff
    supervises: bool
    manages: bool
    has_part: bool
    on_duty: bool
    disputes: int


def _is_repeated(people: Iterable[_Candidate]) -> bool:
    """Whether the customer was not satisfied once too often; without candidates nothing depends on it."""
    return any(one.disputes >= MANAGED_FROM - 1 for one in people)


def _free(people: Iterable[_Candidate]) -> list[_Candidate]:
    return [one for one in people if not one.has_part]


def _one_on_duty(people: Iterable[_Candidate]) -> _Candidate | None:
    return next((one for one in people if one.on_duty), None)


def _manager_of(people: Iterable[_Candidate], *, even_with_part: bool) -> _Candidate | None:
    """One on duty if there is; who has had a part in the case only where there is nobody else."""
    managers = [one for one in people if one.manages]
    among = _free(managers) or (managers if even_with_part else [])
    return _one_on_duty(among) or next(iter(among), None)


def _candidates(case: Case, at: datetime) -> list[_Candidate]:
    """Supervisors and managers who are not away, in one query; on shift first, then the least loaded."""
    away = Absence.objects.at(at).filter(staff=OuterRef("pk"))
    in_reach = Q(department=case.team.department_id) if case.team else ~Q(pk=None)
    present: Any = Staff.objects.active().exclude(Exists(away))
    rows = present.annotate(
        supervises=ExpressionWrapper(_has_role(Role.SUPERVISOR) & in_reach, models.BooleanField()),
        manages=_has_role(Role.MANAGER),
        has_part=ExpressionWrapper(_part_in(case), models.BooleanField()),
        load=Count("handled_cases", filter=Q(handled_cases__state__in=OPEN_STATES)),
        on_shift=Exists(shifts_at(at, case.standards).filter(staff=OuterRef("pk"))),
        has_shifts=Exists(shifts_from(at).filter(staff=OuterRef("pk"))),
        disputes=_disputes_of(case),
    ).filter(Q(supervises=True) | Q(manages=True))
    return [
        _Candidate(
            row, row.supervises, row.manages, row.has_part, row.on_shift or not row.has_shifts, row.disputes
        )
        for row in rows.order_by("-on_shift", "load", "pk")
    ]


def _has_role(role: Role) -> Exists:
    return Exists(Staff.objects.with_role(role).filter(pk=OuterRef("pk")))


def _part_in(case: Case) -> Q:
    """Whoever has handled the case or was given it."""
    handled = case.events.filter(kind__in=HANDLED).exclude(actor=None).values("actor_id")
    handler = Cast(KeyTextTransform("handler", "data"), models.BigIntegerField())
    given = case.events.filter(kind__in=GIVEN).annotate(given=handler).exclude(given=None).values("given")
    of_rounds = case.rounds.exclude(handler=None).values("handler_id")
    return Q(pk__in=of_rounds) | Q(pk__in=handled) | Q(pk__in=given)


def _disputes_of(case: Case) -> Any:
    """How often the customer was not satisfied; rounds also begin because the case was reopened."""
    disputes = case.events.filter(kind=EventKind.DISPUTE).order_by().values("case")
    return Coalesce(Subquery(disputes.annotate(number=Count("pk")).values("number")), 0)


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
