"""Deadlines reckoned in a prepared calendar: in one process, and in as many as two processors carry."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from multiprocessing import get_context
from time import perf_counter
from typing import TYPE_CHECKING

from cases.worktime import CalendarFacts, PreparedCalendar, add_working_time

if TYPE_CHECKING:
    from cases.benchmarks.ground import Ground

DEADLINES, FEW = 100_000, 2_000
AIM = 100_000  # deadlines a second on two processors
PROCESSES = 2
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = ((time(9), time(12)), (time(13), time(18)))
# Office hours with a holiday in every other week.
OFFICE = CalendarFacts(
    "Asia/Shanghai",
    windows=tuple((weekday, start, end) for weekday in range(5) for start, end in HOURS),
    days=tuple((date(2026, 1, 5) + timedelta(weeks=2 * number), ()) for number in range(24)),
)


def measure_worktime(ground: Ground) -> None:
    """Deadlines from 5 minutes to 5 days away, from moments all over a year."""
    count = DEADLINES if ground.runs > 1 else FEW
    questions = made_up(count)
    alone = reckon(questions)
    unit = "deadlines/s"
    ground.tell("working time: 1 process", round(count / alone), unit, baseline=round(walked_rate()))
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(reckon, [made_up(1000)] * PROCESSES))  # begun, and the calendar prepared
        begun = perf_counter()
        list(pool.map(reckon, [questions] * PROCESSES))
        together = perf_counter() - begun
    rate = round(PROCESSES * count / together)
    ground.tell(f"working time: {PROCESSES} processes", rate, unit, aim=AIM)


def made_up(count: int) -> list[tuple[datetime, timedelta]]:
    """Moments and amounts without any pattern of the calendar's, the same each time."""
    return [
        (BEGINNING + timedelta(minutes=number * 7919 % 525_600), timedelta(minutes=5 + number * 31 % 2400))
        for number in range(count)
    ]


def reckon(questions: list[tuple[datetime, timedelta]]) -> float:
    """Seconds for all of them."""
    calendar = PreparedCalendar(OFFICE)
    add_working_time(calendar, BEGINNING, timedelta(days=100))
    begun = perf_counter()
    for start, amount in questions:
        add_working_time(calendar, start, amount)
    return perf_counter() - begun


def walked_rate(count: int = 200) -> float:
    """The plain way: from one window to the next until the amount is used up."""
    begun = perf_counter()
    for start, amount in made_up(count):
        walk(start, amount)
    return count / (perf_counter() - begun)


def walk(start: datetime, amount: timedelta) -> datetime:
    zone = timedelta(hours=8)
    closed = {day for day, _hours in OFFICE.days}
    local, left = start.replace(tzinfo=None) + zone, amount
    day = local.date()
    while True:
        for begins, ends in () if day.weekday() > 4 or day in closed else HOURS:
            since = max(datetime.combine(day, begins), local)
            until = datetime.combine(day, ends)
            if until - since >= left:
                return (since + left - zone).replace(tzinfo=UTC)
            left -= max(until - since, timedelta())
        day += timedelta(days=1)
