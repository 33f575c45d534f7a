"""Which team takes a case in: the first active rule that fits, by position, then by age."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import CaseType, Channel, Region, VipLevel
from cases.exceptions import InvalidInput
from cases.models import Case, RoutingRule, Team, Topic
from cases.services import register_case
from cases.services.routing import Traits, find_rule
from tests.factories import CustomerFactory, StaffFactory, TeamFactory

pytestmark = pytest.mark.django_db


def rule(team: Team | None = None, **criteria: Any) -> RoutingRule:
    made: RoutingRule = RoutingRule.objects.create(team=team or TeamFactory(), **criteria)
    return made


def team_for(*traits: Any, stage: str = "intake", **named: Any) -> Team | None:
    found = find_rule(stage, Traits(*traits, **named))
    return found.team if found else None


def test_the_first_position_wins_then_the_older_rule() -> None:
    late, early, younger = rule(position=20), rule(position=10), rule(position=10)
    assert team_for("complaint") == early.team
    assert {late.team, younger.team}.isdisjoint({early.team})


@pytest.mark.parametrize(
    ("criterion", "fits", "not_fits"),
    [
        ({"type": "complaint"}, {"type": "complaint"}, {"type": "suggestion"}),
        ({"channel": "app"}, {"channel": "app"}, {"channel": "phone"}),
        ({"region": "east"}, {"region": "east"}, {"region": ""}),
        ({"vip_from": VipLevel.GOLD}, {"vip_level": VipLevel.PLATINUM}, {"vip_level": VipLevel.SILVER}),
    ],
)
def test_every_criterion_named_must_be_met(
    criterion: dict[str, Any], fits: dict[str, Any], not_fits: dict[str, Any]
) -> None:
    only = rule(**criterion)
    base = {"type": "complaint"}
    assert team_for(**{**base, **fits}) == only.team
    assert team_for(**{**base, **not_fits}) is None


def test_a_topic_fits_only_itself() -> None:
    late, rude = Topic.objects.get(name="物流延迟"), Topic.objects.get(name="服务态度")
    only = rule(topic=late)
    assert team_for("complaint", late) == only.team
    assert team_for("complaint", rude) is team_for("complaint") is None


def test_rules_and_teams_put_out_of_use_and_other_stages_are_passed_over() -> None:
    rule(active=False, position=1)
    rule(TeamFactory(active=False), position=2)
    rule(stage="dispatch", position=3)
    last = rule(position=4)
    assert team_for("complaint") == last.team


def register(**facts: Any) -> Case:
    given = {
        "actor": StaffFactory(role="agent"),
        "customer": CustomerFactory(region=Region.EAST, vip_level=VipLevel.GOLD),
        "channel": Channel.APP,
        "type": CaseType.COMPLAINT,
        "description": "未收到货",
    }
    return register_case(**{**given, **facts})


def test_a_case_without_a_team_goes_where_the_rules_say() -> None:
    rule(position=2)
    wanted = rule(position=1, region=Region.EAST, channel=Channel.APP, vip_from=VipLevel.GOLD)
    case = register()
    assert (case.team, case.region, case.tier) == (wanted.team, Region.EAST, wanted.team.tier)


def test_the_region_of_the_case_goes_before_that_of_the_customer() -> None:
    south, east = rule(region=Region.SOUTH), rule(region=Region.EAST)
    assert register(region=Region.SOUTH).team == south.team
    assert register().team == east.team


def test_a_team_that_was_chosen_is_not_routed_away() -> None:
    rule()
    chosen = TeamFactory()
    assert register(team=chosen).team == chosen


@pytest.mark.parametrize("team", [None, "closed"])
def test_a_case_nobody_would_take_is_refused(team: str | None) -> None:
    with pytest.raises(InvalidInput) as caught:
        register(team=TeamFactory(active=False) if team else None)
    assert (caught.value.field, Case.objects.count()) == ("team", 0)
