"""Ten thousand clocks of a department of its own, for the big trial of F2."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.choices import Region, Role, Stage
from cases.exchange.importing import carry_out, read_records
from cases.models import Customer, RoutingRule, ServiceLevel, Team, Timer
from cases.services.levels import publish_version
from tests.cases.exchange.sheets import QUESTION, changed, csv_file
from tests.factories import DepartmentFactory, TeamFactory
from tests.faults.founding import new_person

if TYPE_CHECKING:
    from tests.faults.world import World

MANY = 10_000
CUSTOMERS = 100
PATIENCE = timedelta(days=10)  # from one level to the next it is days, so a shift by one reaches one level
DAY_OF_SHEET = "20241002"


def make_many_clocks(world: World) -> list[int]:
    """Cases under analysis, brought in by a record sheet: each runs one clock. Ids of the clocks."""
    team = _team_of_many()
    customers = list(Customer.objects.filter(region=Region.EAST).values_list("number", flat=True))
    rows = [
        changed(
            QUESTION,
            number=f"CS{DAY_OF_SHEET}{next(world.sheet_numbers):06d}",
            customer=customers[place % len(customers)],
            progress="",
            result="",
            handler="",
        )
        for place in range(MANY)
    ]
    carry_out(read_records(io.BytesIO(csv_file(rows)), "many.csv"), actor=None)
    mine = Timer.objects.filter(case__team=team, case__number__in=[row[0] for row in rows])
    return list(mine.exclude(next_at=None).order_by("pk").values_list("pk", flat=True))


def _team_of_many() -> Team:
    """One team that takes what comes from the east, with an agent, a supervisor and long promises."""
    if rule := RoutingRule.objects.filter(region=Region.EAST).first():
        return rule.team
    department = DepartmentFactory()
    team: Team = TeamFactory(department=department)
    RoutingRule.objects.create(stage=Stage.INTAKE, region=Region.EAST, team=team)
    new_person(Role.AGENT, department, [team])
    new_person(Role.SUPERVISOR, department, [])
    level = ServiceLevel.objects.create(name="从容")
    publish_version(level, actor=None, team=team, triage=PATIENCE, position=1, applies_to_open=True)
    Customer.objects.bulk_create(
        Customer(number=f"C9{number:05d}", region=Region.EAST) for number in range(CUSTOMERS)
    )
    return team
