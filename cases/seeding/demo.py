"""The demo organisation and its cases, written through the services as staff would."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from cases.choices import Region
from cases.contacts import normal_contact
from cases.models import (
    Case,
    Customer,
    CustomerContact,
    Department,
    Endpoint,
    RoutingRule,
    Staff,
    Team,
    Topic,
)
from cases.seeding.demo_endings import ENDED
from cases.seeding.demo_organisation import (
    CUSTOMERS,
    DEPARTMENTS,
    GATEWAY,
    RULES,
    STAFF,
    TEAMS,
    DemoCustomer,
    DemoStaff,
)
from cases.seeding.demo_steps import Do, Story
from cases.seeding.demo_stories import UNDER_WAY
from cases.services import register_case, transition_case

SUPERUSER = "admin"
# Four groups of four without look-alikes: 79 bits, beyond guessing and yet easy to type.
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
MOMENTS = frozenset({"promised_at", "due_at"})


@dataclass(frozen=True)
class Login:
    """A demo login and its password, which is kept nowhere but here and, hashed, in the database."""

    staff: Staff
    role: str
    password: str


@dataclass
class Demo:
    """What a run has made so far, by the names under which the data speak of it."""

    teams: dict[str, Team] = field(default_factory=dict)
    staff: dict[str, Staff] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    topics: dict[tuple[str, str], Topic] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    logins: list[Login] = field(default_factory=list)


def is_untouched() -> bool:
    """Whether this installation has neither teams nor cases: only then is a demo put into it."""
    return not (Team.objects.exists() or Case.objects.exists())


@transaction.atomic
def make_demo() -> list[Login]:
    """
    Fill an untouched installation and return its logins. All of it or nothing.

    Cases are registered now, with receipts and first answers some hours ago.
    """
    demo = Demo(topics={(topic.type, topic.name): topic for topic in Topic.objects.all()})
    _make_organisation(demo)
    for row in CUSTOMERS:
        demo.customers[row.number] = _make_customer(demo, row)
    for story in (*UNDER_WAY, *ENDED):
        demo.cases[story.key] = _tell(demo, story)
    return demo.logins


def _make_organisation(demo: Demo) -> None:
    departments = {
        name: Department.objects.create(name=name, name_en=name_en) for name, name_en in DEPARTMENTS.items()
    }
    for name, (name_en, department, tier) in TEAMS.items():
        demo.teams[name] = Team.objects.create(
            name=name, name_en=name_en, department=departments[department], tier=tier
        )
    _make_superuser(demo)
    for row in STAFF:
        _make_staff(demo, row, departments[row.department])
    for rule in RULES:
        RoutingRule.objects.create(
            stage=rule.stage,
            position=rule.position,
            team=demo.teams[rule.team],
            type=rule.type,
            topic=demo.topics[rule.type, rule.topic] if rule.topic else None,
            channel=rule.channel,
            vip_from=rule.vip_from,
        )
    Endpoint.objects.create(**GATEWAY)


def _make_superuser(demo: Demo) -> None:
    """Unless the installation has one of this name already, whose password is then left alone."""
    if Staff.objects.filter(username=SUPERUSER).exists():
        return
    password = _make_password()
    staff = Staff.objects.create_superuser(SUPERUSER, "admin@example.com", password, name="系统管理员")
    demo.logins.append(Login(staff, "superuser", password))


def _make_password() -> str:
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(4)) for _ in range(4))


def _make_staff(demo: Demo, row: DemoStaff, department: Department) -> None:
    password = _make_password()
    staff = Staff.objects.create_user(
        row.username,
        f"{row.username}@example.com",
        password,
        name=row.name,
        is_staff=True,
        department=department,
        language=row.language,
    )
    staff.groups.add(Group.objects.get(name=row.role.value))
    staff.teams.set([demo.teams[name] for name in row.teams])
    # As a login would read them: rights and teams are remembered on the instance.
    demo.staff[row.username] = Staff.objects.get(pk=staff.pk)
    demo.logins.append(Login(staff, row.role.value, password))


def _make_customer(demo: Demo, row: DemoCustomer) -> Customer:
    customer = Customer.objects.create(
        number=row.number,
        name=row.name,
        region=Region(row.region) if row.region else "",
        vip_level=row.vip_level,
        dedicated_agent=demo.staff.get(row.dedicated_agent),
        stand_in=demo.staff.get(row.stand_in),
        language=row.language,
        notes=row.notes,
    )
    for place, (kind, value) in enumerate(row.contacts):
        CustomerContact.objects.create(
            customer=customer, kind=kind, value=normal_contact(kind, value), preferred=place == 0
        )
    return customer


def _tell(demo: Demo, story: Story) -> Case:
    now = timezone.now()
    customer = demo.customers[story.customer]
    case = register_case(
        actor=demo.staff[story.agent],
        customer=customer,
        contact=customer.contacts.order_by("pk").first(),
        channel=story.channel,
        type=story.type,
        topic=demo.topics[story.type, story.topic],
        description=story.description,
        received_at=now - timedelta(hours=story.hours_ago),
        despite_duplicates=True,
        urgency=story.urgency,
        product=story.product,
        order_number=story.order_number,
        amount=Decimal(story.amount) if story.amount else None,
        expected_at=None if story.expected_in is None else now + timedelta(hours=story.expected_in),
        remark=story.remark,
    )
    for step in story.steps:
        case = _do(demo, case, step)
    return case


def _do(demo: Demo, case: Case, step: Do) -> Case:
    actor = demo.staff[step.who] if step.who else None
    answers = {name: _answer(demo, case, name, value) for name, value in step.answers.items()}
    return transition_case(case.pk, step.move, actor=actor, note=step.note, **answers)


def _answer(demo: Demo, case: Case, name: str, value: Any) -> Any:
    """What the service is given for a name or a number of the story."""
    if name in MOMENTS:
        return timezone.now() + timedelta(hours=value)
    if name == "happened_at":
        moment: datetime = case.received_at + timedelta(minutes=value)
        return moment
    if name == "support":
        return case.support_requests.unfinished().get(team=demo.teams[value])
    if name == "supporting":
        return [demo.teams[team] for team in value]
    named: dict[str, dict[str, Any]] = {"team": demo.teams, "handler": demo.staff, "other": demo.cases}
    return named[name][value] if name in named else value
