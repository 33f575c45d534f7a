"""The organisation behind made-up cases: departments, 20 teams and 200 staff who cannot log in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from cases.choices import CaseType, Role, Stage, Tier
from cases.models import Department, RoutingRule, Staff, Team, Topic
from cases.seeding.texts import masked_name
from cases.seeding.world import Desk
from cases.services.reference import TOPICS

FRONT_TEAMS = 8
TIERS = (*[Tier.FRONT_LINE] * FRONT_TEAMS, *[Tier.SPECIALISTS] * 9, *[Tier.EXPERTS] * 3)
DEPARTMENTS = 5
STAFF = 200
SEEDED = "seed-"  # begins the login names of made-up staff


@dataclass(frozen=True)
class Organisation:
    front: tuple[Desk, ...]
    back: tuple[Desk, ...]
    topics: dict[str, tuple[tuple[int, str], ...]]

    @property
    def agents(self) -> tuple[int, ...]:
        return tuple(person for desk in self.front for person in desk.people)


def ensure_organisation(seed: int) -> Organisation:
    """Find the made-up organisation or create it; what is there already is not changed."""
    departments = [_department(n) for n in range(DEPARTMENTS)]
    teams = [_team(n, tier, departments[n % DEPARTMENTS]) for n, tier in enumerate(TIERS)]
    RoutingRule.objects.get_or_create(stage=Stage.INTAKE, position=9_000, defaults={"team": teams[0]})
    if not Staff.objects.filter(username__startswith=SEEDED).exists():
        _hire(teams, departments, Random(seed))
    desks = [_desk(team) for team in teams]
    return Organisation(tuple(desks[:FRONT_TEAMS]), tuple(desks[FRONT_TEAMS:]), _topics())


def _department(n: int) -> Department:
    found, _new = Department.objects.get_or_create(
        name=f"第{n + 1}事业部", defaults={"name_en": f"Division {n + 1}"}
    )
    return found


def _team(n: int, tier: Tier, department: Department) -> Team:
    found, _new = Team.objects.get_or_create(
        name=f"第{n + 1}组", defaults={"name_en": f"Team {n + 1}", "department": department, "tier": tier}
    )
    return found


def _hire(teams: list[Team], departments: list[Department], chance: Random) -> None:
    """The first of every department supervises it; the others are spread over the teams."""
    leaders = [_person(n, departments[n], chance) for n in range(DEPARTMENTS)]
    workers = [
        (_person(n, teams[n % len(teams)].department, chance), teams[n % len(teams)])
        for n in range(DEPARTMENTS, STAFF)
    ]
    Staff.objects.bulk_create([*leaders, *(person for person, _team in workers)])
    _spread(workers)
    _give_role(Role.SUPERVISOR, leaders)
    _give_role(Role.AGENT, (person for person, team in workers if team.tier == Tier.FRONT_LINE))
    _give_role(Role.SPECIALIST, (person for person, team in workers if team.tier != Tier.FRONT_LINE))


def _person(n: int, department: Department, chance: Random) -> Staff:
    return Staff(
        username=f"{SEEDED}{n:03d}",
        name=masked_name(chance),
        email=f"{SEEDED}{n:03d}@example.com",
        password=make_password(None),
        is_staff=True,
        department=department,
    )


def _spread(workers: Iterable[tuple[Staff, Team]]) -> None:
    Staff.teams.through.objects.bulk_create(
        Staff.teams.through(staff_id=person.pk, team_id=team.pk) for person, team in workers
    )


def _give_role(role: Role, people: Iterable[Staff]) -> None:
    group = Group.objects.get(name=role.value)
    Staff.groups.through.objects.bulk_create(
        Staff.groups.through(staff_id=person.pk, group_id=group.pk) for person in people
    )


def _desk(team: Team) -> Desk:
    people = team.members.filter(username__startswith=SEEDED).order_by("pk").values_list("pk", flat=True)
    leader = Staff.objects.with_role(Role.SUPERVISOR).filter(department_id=team.department_id)
    supervisor = leader.filter(username__startswith=SEEDED).order_by("pk")[0]
    return Desk(team.pk, team.tier, tuple(people), supervisor.pk)


def _topics() -> dict[str, tuple[tuple[int, str], ...]]:
    """The topics of every installation, for which there are words."""
    ids = {(topic.type, topic.name): topic.pk for topic in Topic.objects.all()}
    return {
        type_.value: tuple((ids[type_, name], name) for name, _en, _proof in TOPICS[type_])
        for type_ in CaseType
    }
