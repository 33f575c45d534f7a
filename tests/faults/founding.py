"""Makes the world of the trials: by data, as an administrator would; nothing knows that it is on trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db.models import DurationField, F

from cases.choices import ContactKind, NoticeChannel, Region, Role, Stage, Tier, Whom
from cases.models import (
    ChannelSetting,
    Customer,
    Endpoint,
    LadderStep,
    NoticeRule,
    RoutingRule,
    ServiceLevelVersion,
    Staff,
    WorkCalendar,
)
from cases.services.rearming import standards_changed
from tests.factories import ContactFactory, CustomerFactory, DepartmentFactory, StaffFactory, TeamFactory
from tests.faults.browser import Browsers
from tests.faults.ground import OUTSIDE
from tests.faults.world import Branch, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cases.models import Team
    from tests.faults.ground import Ground

PASSWORD = "a long enough password"
SCALE = 600  # an hour is six seconds
KEPT = {"retention"}  # years stay years
AGENTS, SPECIALISTS, CUSTOMERS = 3, 2, 18  # of each department
# What is done every second instead of every few; robots, of which there are none, are left as they are.
HURRIED = ("tick", "work_out_announcements", "send:inbox", *(f"send:{channel}" for channel in OUTSIDE))
SMS: dict[str, Any] = {
    "method": "POST",
    "format": "json",
    "body": {"to": "{phone}", "text": "{text}", "key": "{key}"},
}


def make_world(ground: Ground) -> World:
    """Tables, standards of seconds, two departments, people with logins, and gateways to tell."""
    call_command("migrate", verbosity=0)
    _shorten_promises()
    _hurry_the_schedule()
    branches = [_branch(Region.SOUTH), _branch(Region.NORTH)]
    contested = CustomerFactory(region=Region.SOUTH)
    _gateways(ground)
    return World(branches, new_person(Role.MANAGER, None, []), contested, Browsers(ground.site, PASSWORD))


def _branch(region: Region) -> Branch:
    """What comes from a region goes to the teams of one department, by the routing rules."""
    department = DepartmentFactory()
    front = TeamFactory(department=department)
    back = TeamFactory(department=department, tier=Tier.SPECIALISTS)
    RoutingRule.objects.create(stage=Stage.INTAKE, region=region, team=front)
    RoutingRule.objects.create(stage=Stage.DISPATCH, region=region, team=back)
    return Branch(
        department,
        front,
        back,
        [new_person(Role.AGENT, department, [front]) for _agent in range(AGENTS)],
        [new_person(Role.SPECIALIST, department, [back]) for _specialist in range(SPECIALISTS)],
        new_person(Role.SUPERVISOR, department, []),
        [_customer(region, number) for number in range(CUSTOMERS)],
    )


def _customer(region: Region, number: int) -> Customer:
    """Every third with an e-mail address, every third with a telephone, the others with neither."""
    customer: Customer = CustomerFactory(region=region)
    if number % 3 == 0:
        value = f"{customer.number}@example.com".lower()
        ContactFactory(customer=customer, kind=ContactKind.EMAIL, value=value, preferred=True)
    elif number % 3 == 1:
        ContactFactory(customer=customer, preferred=True)
    return customer


def new_person(role: Role, department: object, teams: Sequence[Team]) -> Staff:
    staff = StaffFactory(role=role, department=department, teams=teams)
    staff.set_password(PASSWORD)
    staff.save(update_fields=["password"])
    person: Staff = Staff.objects.get(pk=staff.pk)
    return person


def _shorten_promises() -> None:
    durations = [f.name for f in ServiceLevelVersion._meta.concrete_fields if isinstance(f, DurationField)]
    ServiceLevelVersion.objects.update(**{name: F(name) / SCALE for name in durations if name not in KEPT})
    WorkCalendar.objects.filter(is_default=True).update(always_on=True)
    standards_changed("trial", actor=None)


def _hurry_the_schedule() -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

    interval, _created = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    PeriodicTask.objects.filter(name__in=HURRIED).update(interval=interval)
    PeriodicTasks.update_changed()


def _gateways(ground: Ground) -> None:
    ChannelSetting.objects.update(quiet_from=None, quiet_until=None)  # whatever the hour of the trials
    hook = Endpoint.objects.create(
        name="hook", channel=NoticeChannel.WEBHOOK, url=ground.hooks.url, secret="s" * 32
    )
    Endpoint.objects.create(name="sms", channel=NoticeChannel.SMS, url=f"{ground.hooks.url}/sms", options=SMS)
    for kind in ("deliver", "dispute"):
        NoticeRule.objects.create(
            event_kind=kind, whom=Whom.ENDPOINT, channel=NoticeChannel.WEBHOOK, endpoint=hook
        )
    # The ladder tells by mail too, so that there is something to lose.
    for kind, percent in (("acceptance", 100), ("triage", 80)):
        LadderStep.objects.get_or_create(
            kind=kind, percent=percent, whom=Whom.SUPERVISOR, channel=NoticeChannel.EMAIL
        )
