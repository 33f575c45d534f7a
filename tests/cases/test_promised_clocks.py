"""A promised moment: when its clock reaches its levels, whatever waits and whatever calendar changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from cases.choices import ClockKind, State
from cases.models import CalendarWindow, Case, Timer
from cases.services import transition_case
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from cases.standards import Standards
from cases.timers import moments_of
from tests.cases.minute_walker import MINUTE, Rules, Window, clock
from tests.cases.test_clocks_by_the_minute import LEVELS, START, weeks, work_by, zones
from tests.scenes import Scene, make_scene

# A Wednesday without holidays around it; working hours of the calendar to begin with are 9-12 and 13-18.
NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
turns = st.lists(st.integers(1, 2000), max_size=6).map(lambda minutes: minutes[: len(minutes) // 2 * 2])


@given(zones, weeks, st.integers(0, 3000), st.integers(0, 12), st.integers(0, 600), turns)
def test_every_level_comes_in_the_minute_the_counter_says(
    zone: str, week: list[list[Window]], begins: int, worked: int, more: int, waits: list[int]
) -> None:
    """Promised for when ten times ``worked`` minutes are worked, or up to ``more`` minutes of rest later."""
    rules = Rules(zone, dict(enumerate(week)))
    start = (START + begins * MINUTE).astimezone(UTC)
    target = promised(rules, start, 10 * worked, more)
    ends = [start]
    for minutes in waits:
        ends.append(ends[-1] + minutes * MINUTE)
    pauses = list(pairwise(ends[1:]))[::2]
    row = Timer(
        kind=ClockKind.COMPLETION,
        calendar_id=1,
        started_at=start,
        running_since=ends[-1],
        target_at=target,
        budget=10 * worked * MINUTE,
        pauses=[{"from": a.isoformat(), "to": b.isoformat(), "for": "customer"} for a, b in pauses],
    )
    moment = moments_of(row, Standards(1, calendars={1: rules.prepared()}))
    assert {level: moment(level) for level in LEVELS} == {
        level: counted(rules, start, target, pauses, worked * level // 10, is_deadline=level >= 100)
        for level in LEVELS
    }


def promised(rules: Rules, start: datetime, worked: int, more: int) -> datetime:
    moment, left = start, worked
    while left:
        left -= rules.is_open(moment)
        moment += MINUTE
    while more and not rules.is_open(moment):
        moment, more = moment + MINUTE, more - 1
    return moment


def counted(
    rules: Rules,
    start: datetime,
    target: datetime,
    pauses: list[tuple[datetime, datetime]],
    wanted: int,
    *,
    is_deadline: bool,
) -> datetime:
    """The first minute, in no pause, before which so many were worked outside of pauses."""
    moment, left = start, wanted
    while left > 0 or (is_deadline and moment < target) or any(a < moment < b for a, b in pauses):
        left -= rules.is_open(moment) and not any(a <= moment < b for a, b in pauses)
        moment += MINUTE
    return moment


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def completion(case: Case) -> Timer:
    timer: Timer = case.timers.running().get(kind=ClockKind.COMPLETION)
    return timer


def wait(case: Case, scene: Scene) -> None:
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")


def go_on(case: Case, scene: Scene) -> None:
    transition_case(case.pk, "resume", actor=scene.specialist, note="继续")


@pytest.mark.django_db
def test_a_promise_for_the_evening_that_waits_overnight_is_not_broken_meanwhile(scene: Scene) -> None:
    """All its working time was over at six; the promise for eight stood still from seven to noon."""
    with time_machine.travel(NINE + 7 * HOUR, tick=False) as traveller:
        case = scene.case(State.HANDLING)
        assert completion(case).due_at == NINE + 11 * HOUR
        traveller.move_to(NINE + 10 * HOUR)
        wait(case, scene)
        traveller.move_to(NINE + 27 * HOUR)
        go_on(case, scene)

        assert completion(case).due_at == NINE + 27 * HOUR


@pytest.mark.django_db
@pytest.mark.parametrize("waits", [False, True])
def test_a_calendar_changed_meanwhile_plans_no_level_for_before_the_change(scene: Scene, waits: bool) -> None:
    work_by(Rules("Asia/Shanghai", {day: [(540, 1080)] for day in range(7)}), scene, {})
    with time_machine.travel(NINE + 5 * HOUR, tick=False) as traveller:
        case = scene.case(State.HANDLING)  # promised for six
        traveller.shift(HOUR)
        if waits:
            wait(case, scene)
        CalendarWindow.objects.filter(calendar=scene.back.calendar).update(
            ends=clock(870)
        )  # half past two: 80 per cent would have been at 14:24
        standards_changed("calendar", actor=None)
        rearm_some()
        if waits:
            go_on(case, scene)

        timer = completion(case)
        assert (timer.due_at, timer.next_percent) == (NINE + 9 * HOUR, 80)
        assert timer.next_at == NINE + 6 * HOUR
        tick()
        assert timer.escalations.get().lateness == timedelta(0)
