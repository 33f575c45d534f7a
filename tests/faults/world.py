"""A small organisation under promises of seconds: one hour of the service level is six."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db.models import DurationField, F
from django.utils import timezone

from cases.choices import CaseType, Channel, ContactKind, NoticeChannel, Role, Stage, State, Tier, Whom
from cases.models import (
    Case,
    Customer,
    Endpoint,
    LadderStep,
    NoticeRule,
    RoutingRule,
    ServiceLevelVersion,
    Staff,
    Timer,
    WorkCalendar,
)
from cases.services import transition_case
from cases.services.rearming import standards_changed
from tests.factories import (
    ContactFactory,
    CustomerFactory,
    DepartmentFactory,
    StaffFactory,
    TeamFactory,
    make_case,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cases.models import Team
    from tests.faults.ground import Ground

PASSWORD = "a long enough password"
SCALE = 600  # an hour is six seconds
KEPT = {"retention"}  # years stay years
AGENTS = 4
EVERY = {"tick": 1, "work_out_announcements": 1, "send": 1}  # seconds between two rounds
SMS = {"method": "POST", "format": "json", "body": {"to": "{phone}", "text": "{text}", "key": "{key}"}}


@dataclass
class World:
    front: Team
    back: Team
    agents: list[Staff]
    specialists: list[Staff]
    supervisor: Staff
    customers: list[Customer] = field(default_factory=list)

    def cases_in(self, state: State, count: int) -> list[Case]:
        return [self.case_in(state) for _case in range(count)]

    def case_in(self, state: State) -> Case:
        """A case walked to this state by the services, as staff would."""
        agent, specialist = random.choice(self.agents), random.choice(self.specialists)
        case = make_case(team=self.front, actor=agent, customer=random.choice(self.customers))
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


def make_world(ground: Ground) -> World:
    """Tables, standards of seconds, people with logins, and gateways to tell."""
    call_command("migrate", verbosity=0)
    _shorten_promises()
    _hurry_the_schedule()
    department = DepartmentFactory()
    front, back = (
        TeamFactory(department=department),
        TeamFactory(department=department, tier=Tier.SPECIALISTS),
    )
    RoutingRule.objects.create(stage=Stage.INTAKE, team=front)
    RoutingRule.objects.create(stage=Stage.DISPATCH, team=back)
    world = World(
        front,
        back,
        [_person(Role.AGENT, department, [front]) for _agent in range(AGENTS)],
        [_person(Role.SPECIALIST, department, [back]) for _person_ in range(2)],
        _person(Role.SUPERVISOR, department, []),
    )
    _person(Role.MANAGER, None, [])
    for number in range(30):
        customer = CustomerFactory()
        world.customers.append(customer)
        if number % 3 == 0:
            value = f"customer{number}@example.com"
            ContactFactory(customer=customer, kind=ContactKind.EMAIL, value=value, preferred=True)
        elif number % 3 == 1:
            ContactFactory(customer=customer, preferred=True)
    _gateways(ground)
    return world


def _person(role: Role, department: object, teams: Sequence[Team]) -> Staff:
    staff = StaffFactory(role=role, department=department, teams=teams)
    staff.set_password(PASSWORD)
    staff.save(update_fields=["password"])
    person: Staff = Staff.objects.get(pk=staff.pk)
    return person


def _shorten_promises() -> None:
    """By data, as an administrator would: nothing of the product knows that it is on trial."""
    durations = [f.name for f in ServiceLevelVersion._meta.concrete_fields if isinstance(f, DurationField)]
    ServiceLevelVersion.objects.update(**{name: F(name) / SCALE for name in durations if name not in KEPT})
    WorkCalendar.objects.filter(is_default=True).update(always_on=True)
    standards_changed("trial", actor=None)


def _hurry_the_schedule() -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

    interval, _created = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    for row in PeriodicTask.objects.all():
        if row.name.partition(":")[0] in EVERY:
            row.interval = interval
            row.save()
    PeriodicTasks.update_changed()


def _gateways(ground: Ground) -> None:
    hook = Endpoint.objects.create(
        name="hook", channel=NoticeChannel.WEBHOOK, url=ground.hooks.url, secret="s" * 32
    )
    Endpoint.objects.create(
        name="sms",
        channel=NoticeChannel.SMS,
        url=f"{ground.hooks.url}/sms",
        options=json.loads(json.dumps(SMS)),
    )
    for kind in ("escalate", "deliver", "dispute"):
        NoticeRule.objects.create(
            event_kind=kind, whom=Whom.ENDPOINT, channel=NoticeChannel.WEBHOOK, endpoint=hook
        )
    # The ladder tells by mail too, so that there is something to lose.
    LadderStep.objects.get_or_create(
        kind="acceptance", percent=100, whom=Whom.SUPERVISOR, channel=NoticeChannel.EMAIL
    )


def spread_due(seconds: float, *, earlier: timedelta = timedelta(0)) -> int:
    """Let clocks that run reach their next level at random moments of the next seconds; how many they are."""
    armed = Timer.objects.exclude(next_at=None).exclude(kind="retention")
    now = timezone.now()
    moved = 0
    for pk in list(armed.values_list("pk", flat=True)):  # each for itself: the product is at work meanwhile
        moment = now + timedelta(seconds=random.uniform(0, seconds)) - earlier
        moved += armed.filter(pk=pk).update(next_at=moment)
    return moved


def a_type() -> str:
    return random.choice(CaseType.values)
