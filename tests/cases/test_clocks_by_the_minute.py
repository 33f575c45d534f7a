"""Deadlines of a case that is worked on, waits and goes on, by a counter of minutes that shares no code."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cases.choices import ClockKind, DayKind, State
from cases.models import Case, ServiceLevel, Timer, WorkCalendar
from cases.services import transition_case
from cases.services.levels import publish_version
from cases.services.rearming import standards_changed
from cases.services.ticking import tick
from tests.cases.minute_walker import MINUTE, Rules, Window, clock
from tests.scenes import Scene, make_scene

START = datetime.fromisoformat("2026-10-23T08:00+08:00")  # before clocks are set back in New York and Berlin
DAYS: list[list[Window]] = [[], [(540, 720), (780, 1080)], [(600, 645)], [(1320, 1380)], [(1200, 240)]]
LEVELS = (80, 100, 150)
URGENCIES = ("urgent", "normal")
SpecialDays = dict[int, list[Window] | int]

weeks = st.lists(st.sampled_from(DAYS), min_size=7, max_size=7).filter(any)
zones = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin", "UTC"])
gaps = st.lists(st.integers(0, 5000), max_size=6)
# Minutes from one contact to the next, of urgent cases and of others; of ten each level is a whole one.
budgets = st.fixed_dictionaries(dict.fromkeys(("urgent", "normal"), st.integers(1, 40).map(lambda n: n * 10)))
# By days after START: a holiday, a half day or night, or a make-up day that works like a weekday.
special_days = st.dictionaries(st.integers(0, 40), st.sampled_from(DAYS) | st.integers(0, 6), max_size=12)


@pytest.mark.long
@pytest.mark.one_database
@pytest.mark.django_db
def test_every_level_is_reached_in_the_minute_the_counter_says() -> None:
    scene = make_scene()
    examples = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 10

    # Examples are not made smaller, which takes minutes where each asks a database.
    @settings(max_examples=examples, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(zones, weeks, special_days, budgets, st.sampled_from(URGENCIES), st.integers(0, 20_000), gaps)
    def judge(
        zone: str,
        week: list[list[Window]],
        days: SpecialDays,
        minutes: dict[str, int],
        urgency: str,
        begins: int,
        waits: list[int],
    ) -> None:
        rules = Rules(zone, dict(enumerate(week)), special_of(days, week))
        with transaction.atomic():
            work_by(rules, scene, days)
            promise(minutes)
            with time_machine.travel(START + begins * MINUTE, tick=False) as traveller:
                timer, pauses = wait_and_go_on(scene, urgency, waits, traveller)
                levels = moments(rules, timer.started_at, pauses, minutes[urgency])
                compare(timer, levels, traveller, stands_still=len(waits) % 2 == 1)
            transaction.set_rollback(True)

    judge()


def special_of(days: SpecialDays, week: list[list[Window]]) -> dict[date, list[Window]]:
    """The windows of each special day."""
    return {day_after(number): week[own] if isinstance(own, int) else own for number, own in days.items()}


def day_after(number: int) -> date:
    return START.date() + timedelta(days=number)


def promise(minutes: dict[str, int]) -> None:
    """Every service level has these budgets between two contacts."""
    urgent, other = (minutes[urgency] * MINUTE for urgency in URGENCIES)
    for level in ServiceLevel.objects.all():
        publish_version(level, actor=None, progress_urgent=urgent, progress_other=other, applies_to_open=True)


def work_by(rules: Rules, scene: Scene, days: SpecialDays) -> None:
    """The team works by a calendar with these rules; ``days`` are the special ones as people enter them."""
    calendar = WorkCalendar.objects.create(name="随机", time_zone=rules.zone)
    for weekday, windows in rules.weekly.items():
        for begins, ends in windows:
            calendar.windows.create(weekday=weekday, starts=clock(begins), ends=clock(ends))
    for number, own in days.items():
        calendar.days.create(date=day_after(number), **entered(own))
    scene.back.calendar = calendar
    scene.back.save()
    standards_changed("calendar", actor=None)


def entered(own: list[Window] | int) -> dict[str, Any]:
    if isinstance(own, int):
        return {"kind": DayKind.AS_WEEKDAY, "like_weekday": own}
    hours = ", ".join(f"{clock(begins):%H:%M}-{clock(ends):%H:%M}" for begins, ends in own)
    return {"kind": DayKind.OWN_WINDOWS if own else DayKind.CLOSED, "windows": hours}


def wait_and_go_on(
    scene: Scene, urgency: str, waits: Sequence[int], traveller: Any
) -> tuple[Timer, list[tuple[datetime, datetime]]]:
    """After so many minutes the case waits, after so many more it goes on, and so forth; with the pauses."""
    case, turns = scene.case(State.HANDLING, urgency=urgency), []
    for number, minutes in enumerate(waits):
        traveller.shift(minutes * MINUTE)
        turns.append(now())
        if number % 2:
            transition_case(case.pk, "resume", actor=scene.specialist, note="继续")
        else:
            transition_case(case.pk, "wait_for", actor=scene.specialist, note="等待", waiting_for="customer")
    return progress_of(case), list(zip(turns[::2], turns[1::2], strict=False))


def now() -> datetime:
    return datetime.now(START.tzinfo)


def progress_of(case: Case) -> Timer:
    timer: Timer = case.timers.running().get(kind=ClockKind.PROGRESS_UPDATE)
    return timer


def moments(
    rules: Rules, started: datetime, pauses: list[tuple[datetime, datetime]], budget: int
) -> dict[int, datetime]:
    """When each level is reached, by counting worked minutes outside of the pauses."""
    worked = worked_minutes(rules, started, pauses)
    ends = [next(worked) + MINUTE for _minute in range(budget * LEVELS[-1] // 100)]
    return {percent: ends[budget * percent // 100 - 1] for percent in LEVELS}


def worked_minutes(
    rules: Rules, started: datetime, pauses: list[tuple[datetime, datetime]]
) -> Iterator[datetime]:
    for number in count():
        moment = started + number * MINUTE
        paused = any(begun <= moment < over for begun, over in pauses)
        if not paused and rules.is_open(moment):
            yield moment


def compare(timer: Timer, levels: dict[int, datetime], traveller: Any, *, stands_still: bool) -> None:
    if stands_still:
        reached = [moment for moment in levels.values() if moment <= now()]
        assert (timer.due_at, timer.next_at) == (None, min(reached, default=None))
        return
    assert timer.due_at == levels[100]
    for percent, moment in levels.items():
        if moment < now():
            continue  # reached before the last pause, or in it; nobody ticked then
        traveller.move_to(moment - timedelta(microseconds=1))
        tick()
        assert not timer.escalations.filter(percent=percent).exists()
        traveller.move_to(moment)
        tick()
        assert timer.escalations.get(percent=percent).fired_at == moment
