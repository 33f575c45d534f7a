"""Two departments under promises of seconds, one hour of the service level is six, and who sees all of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from cases.choices import CaseType, Channel, State
from cases.models import Case, Customer, Staff, Timer
from cases.services import transition_case
from tests.factories import make_case
from tests.faults.browser import Browsers

if TYPE_CHECKING:
    from cases.models import Department, Team
    from cases.querysets import CaseQuerySet

MOST_DUE = 40  # clocks that are brought forward in a trial, however many there are by then


@dataclass
class Branch:
    """A department with a team in front, one behind, and customers of its own region."""

    department: Department
    front: Team
    back: Team
    agents: list[Staff]
    specialists: list[Staff]
    supervisor: Staff
    customers: list[Customer]

    @property
    def people(self) -> list[Staff]:
        return [*self.agents, *self.specialists, self.supervisor]

    def case_in(self, state: State, customer: Customer | None = None) -> Case:
        """A case walked to this state by the services, as staff would."""
        agent, specialist = random.choice(self.agents), random.choice(self.specialists)
        case = make_case(team=self.front, actor=agent, customer=customer or random.choice(self.customers))
        if state == State.INTAKE:
            return case
        case = transition_case(case.pk, "begin_analysis", actor=agent)
        if state == State.ANALYSIS:
            return case
        transition_case(
            case.pk, "contact_customer", actor=agent, channel=Channel.PHONE, message="物流组会跟进"
        )
        case = transition_case(case.pk, "dispatch", actor=agent, team=self.back)
        if state == State.HANDLING:
            return case
        promised_at = timezone.now() + timedelta(hours=4)
        transition_case(case.pk, "accept", actor=specialist, promised_at=promised_at)
        return transition_case(case.pk, "deliver", actor=specialist, result="已补发", proof="SF1")


@dataclass
class World:
    """``contested`` is a customer whose cases no client of the load touches: a fault has them for itself."""

    branches: list[Branch]
    manager: Staff
    contested: Customer
    browsers: Browsers
    sheet_numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def branch(self) -> Branch:
        """The one that faults use where they need no two."""
        return self.branches[0]

    @property
    def people(self) -> list[Staff]:
        return [self.manager, *(person for branch in self.branches for person in branch.people)]

    @property
    def teams(self) -> list[Team]:
        return [team for branch in self.branches for team in (branch.front, branch.back)]

    @property
    def ours(self) -> Q:
        """Clocks of the cases of both departments, but for the contested ones."""
        return Q(case__team__in=self.teams) & ~Q(case__customer=self.contested)

    def cases(self, state: State) -> CaseQuerySet:
        """Those of both departments, but for the contested ones."""
        return Case.objects.filter(team__in=self.teams, state=state).exclude(customer=self.contested)

    def stock_up(self, state: State, wanted: int) -> None:
        """As many cases in this state as a trial needs; what an earlier one left is used up first."""
        there = self.cases(state)[:wanted].count()
        for _missing in range(wanted - there):
            random.choice(self.branches).case_in(state)


def bring_due(
    clocks: Q, seconds: float, *, earlier: timedelta = timedelta(0), most: int = MOST_DUE
) -> list[int]:
    """
    Let some of these running clocks reach their next level at random moments of the next seconds; their ids.

    ``earlier`` by so much: they are late already.
    """
    armed = Timer.objects.exclude(next_at=None).exclude(kind="retention").filter(clocks)
    now = timezone.now()
    moved = []
    for pk in armed.order_by("?").values_list("pk", flat=True)[:most]:
        # Each for itself, and only while it runs: the product is at work meanwhile.
        moment = now + timedelta(seconds=random.uniform(0, seconds)) - earlier
        if Timer.objects.filter(pk=pk, next_at__isnull=False).update(next_at=moment):
            moved.append(pk)
    return moved


def a_type() -> str:
    return random.choice(CaseType.values)
