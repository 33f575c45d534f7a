"""The tick takes what is due by batches, in its order, and a level once for each cycle and round."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from cases.choices import ClockKind, State
from cases.models import Case, Escalation, ServiceLevel, StandardsStamp, Timer, WorkCalendar
from cases.services import ticking, transition_case
from cases.services.levels import publish_version
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from tests.cases.acting import dispatched
from tests.factories import make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NINE, tick=False) as traveller:
        yield traveller


def five_due(scene: Scene, clock: time_machine.Traveller) -> list[Case]:
    """Cases whose triage reached 80 % one minute after the other, the last just now."""
    cases = []
    for _number in range(5):
        cases.append(make_case(team=scene.front, urgency="urgent"))
        clock.shift(MINUTE)
    clock.shift(24 * MINUTE - MINUTE)
    return cases


def reached(kind: str) -> list[int]:
    """The cases whose clocks reached a level, in the order in which it was noticed."""
    return list(Escalation.objects.filter(kind=kind).order_by("pk").values_list("case", flat=True))


def test_the_earliest_are_taken_first_and_the_next_tick_goes_on(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    order = [case.pk for case in five_due(scene, clock)]
    assert tick(most=3).fired == 3
    assert reached(ClockKind.TRIAGE) == order[:3]
    assert tick(most=3).fired == 2
    assert reached(ClockKind.TRIAGE) == order


def test_a_tick_ends_after_the_batch_in_which_its_time_is_over(
    scene: Scene, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "BATCH", 2)
    monkeypatch.setattr(ticking, "LONGEST", 0)
    five_due(scene, clock)
    assert [tick().fired for _tick in range(4)] == [2, 2, 1, 0]


def test_one_that_fails_stops_neither_its_batch_nor_the_others(
    scene: Scene, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticking, "BATCH", 2)
    cases = five_due(scene, clock)
    never_open = WorkCalendar.objects.create(name="从不工作")
    standards_changed("calendar", actor=None)
    poison = Timer.objects.get(case=cases[2], kind=ClockKind.TRIAGE)
    number = StandardsStamp.objects.get().number
    Timer.objects.update(standards=number)
    Timer.objects.filter(pk=poison.pk).update(calendar=never_open)
    report = tick()
    assert (report.fired, report.held) == (4, 1)
    assert reached(ClockKind.TRIAGE) == [case.pk for case in cases if case != cases[2]]


def ledger(case: Case, kind: str) -> list[tuple[int, int, int]]:
    """Round, cycle and per cent of each level that was noticed."""
    rows = case.escalations.filter(kind=kind).order_by("pk")
    return list(rows.values_list("round_number", "cycle", "percent"))


def test_each_cycle_climbs_the_ladder_anew(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.HANDLING)
    for _cycle in range(2):
        timer = case.timers.running().get(kind=ClockKind.PROGRESS_UPDATE)
        assert timer.next_at
        clock.move_to(timer.next_at)
        tick()
        transition_case(
            case.pk, "contact_customer", actor=scene.specialist, channel="phone", message="已致电客户"
        )
    (first, second) = ledger(case, ClockKind.PROGRESS_UPDATE)
    assert (first[0], first[2]) == (second[0], second[2]) == (1, 80)
    assert second[1] == first[1] + 1


def test_each_round_climbs_the_ladder_anew(scene: Scene, clock: time_machine.Traveller) -> None:
    case = dispatched(scene)
    clock.shift(HOUR)
    tick()
    transition_case(
        case.pk, "accept", actor=scene.specialist, promised_at=datetime.now(UTC) + timedelta(hours=4)
    )
    transition_case(case.pk, "deliver", actor=scene.specialist, result="已补发", proof="SF1")
    transition_case(case.pk, "dispute", actor=None, solved=False, score=1)
    clock.shift(HOUR)
    tick()
    assert ledger(case, ClockKind.ACCEPTANCE) == [(1, 1, 80), (1, 1, 100), (2, 1, 80), (2, 1, 100)]


def test_the_plan_for_improvement_climbs_its_ladder(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "dispute", actor=None, solved=False, score=1)
    for hours, percents in ((19, []), (20, [80]), (24, [80, 100]), (36, [80, 100, 150])):
        clock.move_to(NINE + hours * HOUR)
        tick()
        assert [row[2] for row in ledger(case, ClockKind.IMPROVEMENT_PLAN)] == percents


def test_a_level_that_was_reached_is_not_reached_again_after_more_time_was_given(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="urgent")
    timer = case.timers.get(kind=ClockKind.FIRST_RESPONSE)
    assert timer.next_at
    clock.move_to(timer.next_at)
    tick()
    level = ServiceLevel.objects.get(name="标准服务")
    publish_version(level, actor=None, response_urgent=2 * timer.budget, applies_to_open=True)
    rearm_some()
    timer.refresh_from_db()
    assert timer.due_at
    clock.move_to(timer.due_at - timedelta(microseconds=1))
    tick()
    assert [row[2] for row in ledger(case, ClockKind.FIRST_RESPONSE)] == [80]
    clock.move_to(timer.due_at)
    tick()
    assert [row[2] for row in ledger(case, ClockKind.FIRST_RESPONSE)] == [80, 100]
