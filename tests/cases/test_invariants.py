"""The promises asked of rows: quiet where all is well, and each names the row that was broken behind it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from cases.choices import ClockKind, State
from cases.models import Case, CaseEvent, Escalation, LadderStep, Timer
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from tests.invariants import CLOCK_PROMISES, LADDER_PROMISES, PROMISES, violations
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LEDGER = "I3 the level a clock has reached is the last of its ledger"
NEXT = "I3 a clock that runs waits for its next level, while one is left"
ORDER = "I3 no level comes after the event that stopped its clock"
PASSED_OVER = "I3 no level of the ladder is passed over"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def found() -> dict[str, list[Any]]:
    return violations(PROMISES | CLOCK_PROMISES | LADDER_PROMISES)


def completion(case: Case) -> Timer:
    timer: Timer = case.timers.get(kind=ClockKind.COMPLETION)
    return timer


def change(timer: Timer, **values: Any) -> None:
    Timer.objects.filter(pk=timer.pk).update(**values)


def late_level(timer: Timer, percent: int, at: datetime) -> Escalation:
    """A level written past the tick, with its event, as the last of its case."""
    case = Case.objects.get(pk=timer.case_id)
    event = CaseEvent.objects.create(
        case=case,
        seq=case.version + 1,
        kind="escalate",
        at=at,
        from_state=case.state,
        to_state=case.state,
        round_number=case.round_number,
        cause_key=f"timer:{timer.pk}:{percent}",
        data={"clock": timer.kind, "percent": percent},
    )
    Case.objects.filter(pk=case.pk).update(version=event.seq)
    return Escalation.objects.create(
        timer=timer,
        case=case,
        kind=timer.kind,
        round_number=timer.round_number,
        cycle=timer.cycle,
        percent=percent,
        planned_at=at,
        fired_at=at,
        lateness=timedelta(0),
        event=event,
    )


def test_healthy_rows_break_no_promise(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        ending = scene.case(State.CONFIRMATION)
        scene.case(State.ANALYSIS)
        waiting = scene.case(State.HANDLING)
        transition_case(waiting.pk, "wait_for", actor=scene.specialist, waiting_for="customer", note="等客户")
        late, missed = scene.case(State.HANDLING), scene.case(State.HANDLING)
        assert found() == {}
        clock.shift(DAY)
        transition_case(missed.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等")
        for _day in range(12):
            clock.shift(DAY)
            tick()
            work_out_announcements()
            assert found() == {}
        transition_case(late.pk, "deliver", actor=scene.specialist, result="已补发", proof="SF1")
        assert found() == {}

    ending.refresh_from_db()
    assert ending.state == State.ARCHIVE
    assert late.escalations.filter(percent=150).exists()
    assert missed.escalations.filter(percent=100).exists()


def test_a_level_written_to_the_clock_alone_is_seen(scene: Scene) -> None:
    timer = completion(scene.case(State.HANDLING))
    change(timer, passed=100, next_percent=150, next_at=NINE + DAY)

    assert found() == {LEDGER: [(timer.pk,)], PASSED_OVER: [(timer.pk,), (timer.pk,)]}


def test_a_level_of_the_ledger_that_its_clock_has_not_reached_is_seen(scene: Scene) -> None:
    timer = completion(scene.case(State.HANDLING))
    late_level(timer, 80, NINE)

    assert found() == {LEDGER: [(timer.pk,)]}


def test_a_lower_level_lost_beside_a_higher_one_is_seen(scene: Scene) -> None:
    timer = completion(scene.case(State.HANDLING))
    late_level(timer, 100, NINE)
    change(timer, passed=100, next_percent=150, next_at=NINE + DAY)

    assert found() == {PASSED_OVER: [(timer.pk,)]}


@pytest.mark.parametrize("passed", [0, 80, 100])
def test_a_running_clock_that_waits_for_nothing_is_seen(scene: Scene, passed: int) -> None:
    timer = completion(scene.case(State.HANDLING))
    for percent in (80, 100):
        if percent <= passed:
            late_level(timer, percent, NINE)
    change(timer, passed=passed, next_percent=None, next_at=None)

    assert found() == {NEXT: [(timer.pk,)]}


def test_a_clock_above_the_last_level_of_its_ladder_waits_for_none(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        timer = completion(scene.case(State.HANDLING))
        clock.shift(12 * DAY)
        tick()

        timer.refresh_from_db()
        assert (timer.passed, timer.next_at, timer.stopped_at) == (150, None, None)
        assert NEXT not in found()


def test_a_clock_that_has_not_followed_a_new_level_yet_is_no_violation(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        timer = completion(scene.case(State.HANDLING))
        clock.shift(12 * DAY)
        tick()
        LadderStep.objects.create(kind=ClockKind.COMPLETION, percent=900, whom="manager")
        standards_changed("ladder", actor=None)
        assert NEXT not in found()
        rearm_some()
        assert NEXT not in found()

        change(timer, next_percent=None, next_at=None)
        assert found()[NEXT] == [(timer.pk,)]


def test_a_level_after_the_step_that_stopped_its_clock_is_seen_though_its_time_is_earlier(
    scene: Scene,
) -> None:
    timer = completion(scene.case(State.CONFIRMATION))
    assert timer.stopped_at
    level = late_level(timer, 80, timer.stopped_at - MINUTE)
    change(timer, passed=80)

    assert found() == {ORDER: [(level.pk,)]}
