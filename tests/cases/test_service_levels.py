"""Which service level a case gets, that it keeps the version it began with, and what a new version moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from cases.choices import ClockKind, JobState, VipLevel
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import Case, Rearming, ServiceLevel, Timer
from cases.services import transition_case
from cases.services.levels import look_at_promise, publish_version
from cases.services.rearming import preview_change, rearm_some
from cases.standards import Traits, present_standards
from tests.factories import CustomerFactory, make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def new_level(name: str, **content: object) -> ServiceLevel:
    level = ServiceLevel.objects.create(name=name)
    publish_version(level, actor=None, **content)
    return level


def standard() -> ServiceLevel:
    return ServiceLevel.objects.get(name="标准服务")


def level_of(case: Case) -> ServiceLevel:
    assert case.service_level
    return case.service_level.level


def number_of(case: Case) -> int:
    assert case.service_level
    return case.service_level.number


def answered_by(case: Case) -> datetime | None:
    return case.timers.get(kind=ClockKind.FIRST_RESPONSE).due_at


def test_the_first_level_that_fits_wins(scene: Scene) -> None:
    new_level("贵宾", position=10, vip_from=VipLevel.GOLD)
    complaints = new_level("投诉", position=20, type="complaint")
    gold = make_case(team=scene.front, customer=CustomerFactory(vip_level=VipLevel.PLATINUM))
    plain = make_case(team=scene.front)
    other = make_case(team=scene.front, type="suggestion")

    assert level_of(gold).name == "贵宾"
    assert level_of(plain) == complaints
    assert level_of(other) == standard()


@pytest.mark.parametrize(
    ("criterion", "fitting", "other"),
    [
        ({"urgency": "urgent"}, {"urgency": "urgent"}, {"urgency": "normal"}),
        ({"channel": "email"}, {"channel": "email"}, {"channel": "phone"}),
        ({"type": "suggestion"}, {"type": "suggestion"}, {"type": "complaint"}),
    ],
)
def test_each_criterion_must_fit(
    scene: Scene, criterion: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    level = new_level("特别", position=1, **criterion)

    assert level_of(make_case(team=scene.front, **fitting)) == level
    assert level_of(make_case(team=scene.front, **other)) == standard()


def test_the_team_that_takes_the_case_in_is_a_criterion(scene: Scene) -> None:
    level = new_level("前台", position=1, team=scene.front)

    assert level_of(make_case(team=scene.front)) == level
    assert level_of(make_case(team=scene.back)) == standard()


def test_a_case_keeps_the_version_it_began_with(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = make_case(team=scene.front, urgency="urgent")
        before = answered_by(case)
        clock.shift(HOUR / 4)
        publish_version(standard(), actor=None, response_urgent=HOUR)
        rearm_some()
        later = make_case(team=scene.front, urgency="urgent")

    case.refresh_from_db()
    assert (number_of(case), answered_by(case)) == (1, before)
    assert (number_of(later), answered_by(later)) == (2, NINE + HOUR / 4 + HOUR)


def test_a_version_for_open_cases_moves_their_clocks_in_the_background(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = make_case(team=scene.front, urgency="urgent")
        clock.shift(HOUR / 4)
        publish_version(standard(), actor=None, response_urgent=HOUR, applies_to_open=True)
        assert answered_by(case) == NINE + 2 * HOUR
        assert rearm_some() == 1

    case.refresh_from_db()
    assert (number_of(case), answered_by(case)) == (2, NINE + HOUR)
    rearming = Rearming.objects.latest("stamp")
    assert (rearming.state, rearming.moved) == (JobState.DONE, 1)
    assert rearm_some() == 0
    assert not Timer.objects.running().filter(standards__lt=rearming.stamp).exists()


def test_a_deadline_that_moved_into_the_past_is_no_older_than_the_change(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = make_case(team=scene.front, urgency="urgent")
        clock.shift(HOUR)
        publish_version(standard(), actor=None, response_urgent=HOUR / 4, applies_to_open=True)
        rearm_some()

    timer = case.timers.get(kind=ClockKind.FIRST_RESPONSE)
    assert timer.due_at == NINE + HOUR / 4
    assert timer.next_at == NINE + HOUR


def test_another_urgency_may_mean_another_level_and_back(scene: Scene) -> None:
    urgent = new_level("紧急", position=1, urgency="urgent", response_urgent=HOUR)
    case = make_case(team=scene.front, urgency="urgent")
    before = answered_by(case)
    for urgency, level in (("normal", standard()), ("urgent", urgent)):
        transition_case(case.pk, "set_urgency", actor=scene.supervisor, urgency=urgency, note="改")
        case.refresh_from_db()
        assert level_of(case) == level

    assert answered_by(case) == before


def test_a_change_is_previewed_and_nothing_of_it_kept(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = make_case(team=scene.front, urgency="urgent")
        preview = preview_change(
            lambda: publish_version(standard(), actor=None, response_urgent=HOUR, applies_to_open=True)
        )

    assert (preview.running, preview.moved) == (2, 1)
    [example] = preview.examples
    assert (example.case, example.kind) == (case, ClockKind.FIRST_RESPONSE)
    assert (example.was, example.becomes) == (NINE + 2 * HOUR, NINE + HOUR)
    assert standard().versions.count() == 1
    assert present_standards().number == 1
    assert answered_by(case) == NINE + 2 * HOUR


def test_what_would_be_promised_is_said_without_a_case(scene: Scene) -> None:
    prospect = look_at_promise(Traits("important", "complaint", "phone", scene.front.pk, 0), NINE)

    assert prospect is not None
    assert (prospect.version.level, prospect.answered_by) == (standard(), NINE + 5 * HOUR)


def test_a_version_that_changes_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput):
        publish_version(standard(), actor=None, triage=timedelta(minutes=30))


def test_only_who_may_publishes(scene: Scene) -> None:
    with pytest.raises(NotPermitted):
        publish_version(standard(), actor=scene.agent, triage=HOUR)


def test_a_level_out_of_use_serves_no_new_case(scene: Scene) -> None:
    level = new_level("投诉", position=20, type="complaint")
    publish_version(level, actor=None, in_use=False)

    assert level_of(make_case(team=scene.front)) == standard()


@pytest.mark.parametrize(("vip_level", "fits"), [(VipLevel.SILVER, False), (VipLevel.GOLD, True)])
def test_a_level_for_vips_begins_with_the_one_it_names(scene: Scene, vip_level: int, fits: bool) -> None:
    level = new_level("贵宾", position=1, vip_from=VipLevel.GOLD)
    case = make_case(team=scene.front, customer=CustomerFactory(vip_level=vip_level))
    assert (level_of(case) == level) is fits


@pytest.mark.parametrize("missing", ["type", "vip", "team", None])
def test_a_level_with_several_criteria_fits_only_where_all_do(scene: Scene, missing: str | None) -> None:
    level = new_level("特别", position=1, type="complaint", vip_from=VipLevel.GOLD, team=scene.front)
    case = make_case(
        type="suggestion" if missing == "type" else "complaint",
        customer=CustomerFactory(vip_level=VipLevel.SILVER if missing == "vip" else VipLevel.GOLD),
        team=scene.back if missing == "team" else scene.front,
    )
    assert (level_of(case) == level) is (missing is None)


def test_other_positions_count_for_new_cases_only(scene: Scene) -> None:
    first, second = (new_level(name, position=at, type="complaint") for name, at in (("甲", 1), ("乙", 2)))
    before = make_case(team=scene.front)
    publish_version(first, actor=None, position=3)
    before.refresh_from_db()
    assert (level_of(before), level_of(make_case(team=scene.front))) == (first, second)


@pytest.mark.parametrize("hour", range(0, 24, 5))
@pytest.mark.parametrize("urgency", ["urgent", "important", "normal"])
def test_what_is_said_would_be_promised_is_what_is_promised(scene: Scene, urgency: str, hour: int) -> None:
    """On a Friday before a holiday, by day and by night."""
    with time_machine.travel(datetime(2026, 9, 24, 16, 0, tzinfo=UTC) + hour * HOUR, tick=False):
        at = datetime.now(UTC)
        prospect = look_at_promise(Traits(urgency, "complaint", "phone", scene.front.pk, 0), at)
        case = make_case(team=scene.front, urgency=urgency)
    assert prospect
    assert (prospect.version, prospect.answered_by) == (case.service_level, answered_by(case))
