"""Registering a case and walking it to its end, through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from cases.benchmarks.ground import Ground
from cases.benchmarks.timing import Spent, middle, once
from cases.choices import CaseType, Channel, Role
from cases.models import Case, Customer, Staff, Team
from cases.seeding.organisation import SEEDED
from cases.services import register_case, transition_case

REGISTER_STATEMENTS = 8
TRANSITION_STATEMENTS = 10
WALKS = 12

Step = Callable[[], object]


def measure_writes(ground: Ground) -> None:
    """Statements and milliseconds of a write with its commit; the cases made for it stay."""
    registered: list[Spent] = []
    moved: list[Spent] = []
    agent, specialist = _ready(ground.agent), _ready(_some_specialist())
    _register([], agent, Customer.objects.order_by("pk")[0])  # the first of the day opens its numbers
    for customer in Customer.objects.order_by("-pk")[:WALKS]:
        made: list[Case] = []
        registered.append(once(partial(_register, made, agent, customer)))
        moved += [once(step) for step in _walk(made[0], agent, specialist)]
    for name, runs, aim in (
        ("register", registered, REGISTER_STATEMENTS),
        ("transition", moved, TRANSITION_STATEMENTS),
    ):
        ground.tell(f"{name}: at most", max(each.queries for each in runs), "statements", aim=aim)
        ground.tell(f"{name}: time", middle(runs).ms, "ms")
        ground.tell(f"{name}: rate", round(1000 * len(runs) / sum(each.ms for each in runs)), "writes/s")


def _ready(staff: Staff) -> Staff:
    """As a page hands the person over: rights and teams have been asked for already."""
    staff.get_all_permissions()
    assert staff.team_ids
    return staff


def _some_specialist() -> Staff:
    people = Staff.objects.with_role(Role.SPECIALIST).filter(username__startswith=SEEDED)
    found: Staff = people.order_by("pk")[0]
    return found


def _register(made: list[Case], agent: Staff, customer: Customer) -> None:
    made.append(
        register_case(
            actor=agent,
            customer=customer,
            channel=Channel.PHONE,
            type=CaseType.CONSULTATION,
            description="订单显示已签收，但未收到货，请核实。",
            team=Team.objects.get(pk=min(agent.team_ids)),
            despite_duplicates=True,
        )
    )


def _walk(case: Case, agent: Staff, specialist: Staff) -> Iterator[Step]:
    """From intake to archive by the usual way."""

    def step(name: str, actor: Staff | None, note: str = "", **answers: Any) -> Step:
        return partial(transition_case, case.pk, name, actor=actor, note=note, **answers)

    team = Team.objects.get(pk=min(specialist.team_ids))
    promised_at = timezone.now() + timedelta(hours=4)
    yield step("begin_analysis", agent)
    yield step("contact_customer", agent, channel=Channel.PHONE, message="您好，专员会与您联系。")
    yield step("dispatch", agent, team=team)
    yield step("accept", specialist, promised_at=promised_at)
    yield step("report_progress", specialist, "联系物流核实")
    yield step("deliver", specialist, result="已补发", proof="LP1")
    yield step("confirm", None, score=5)
