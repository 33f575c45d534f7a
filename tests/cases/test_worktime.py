"""
Working time against a walker that counts minutes; with HYPOTHESIS_PROFILE=thorough 100,000 times each, but
for spans of ten years.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.worktime import (
    ROUND_THE_CLOCK,
    CalendarFacts,
    NoWorkingTime,
    PreparedCalendar,
    add_working_time,
    working_time_between,
)
from tests.cases.minute_walker import MINUTE, Rules, Window, utc

NOTHING = timedelta(0)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Zones with half-hour changes, changes at midnight, none at all, and far from UTC on both sides.
ZONES = (
    *("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"),
    *("Africa/Casablanca", "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"),
)
# Around changes of the clocks of these zones, 春节 and the end of a year.
DAYS_OF_INTEREST = (
    *(utc(2026, 3, 29), utc(2026, 10, 25), utc(2026, 3, 8), utc(2026, 11, 1), utc(2026, 4, 4)),
    *(utc(2026, 10, 3), utc(2026, 9, 6), utc(2026, 4, 5), utc(2026, 2, 15), utc(2026, 3, 22)),
    *(utc(2026, 2, 16), utc(2025, 12, 31), utc(2028, 2, 29)),
)
OFFICE: list[Window] = [(540, 720), (780, 1080)]
minutes = st.one_of(st.integers(0, 1439), st.sampled_from([0, 30, 60, 90, 120, 150, 180, 540, 1080, 1320]))
windows = st.lists(st.tuples(minutes, minutes), max_size=3)
some_windows = st.lists(st.tuples(minutes, minutes), min_size=1, max_size=3)
weekdays = st.integers(0, 6)
# By its distance from a moment: a day with windows of its own, none for a holiday, or like a weekday.
special_days = st.lists(st.tuples(st.integers(-2, 4), windows | weekdays), max_size=4)
zones = st.sampled_from(ZONES)
calendars = st.tuples(zones, st.dictionaries(weekdays, windows), special_days)
open_calendars = st.tuples(zones, st.dictionaries(weekdays, some_windows, min_size=1), special_days)
Drawn = tuple[str, dict[int, list[Window]], list[tuple[int, list[Window] | int]]]


def rules(drawn: Drawn, around: datetime) -> Rules:
    zone, weekly, days = drawn
    special = {
        around.date() + number * DAY: weekly.get(own, []) if isinstance(own, int) else own
        for number, own in days
    }
    return Rules(zone, weekly, special)


def whole_minute(day: datetime, minutes: int) -> datetime:
    return day.replace(tzinfo=UTC, second=0, microsecond=0) + minutes * MINUTE


# Often near a change of clocks.
years = st.datetimes(utc(2024, 1, 1).replace(tzinfo=None), utc(2028, 1, 1).replace(tzinfo=None))
moments = st.builds(whole_minute, st.sampled_from(DAYS_OF_INTEREST) | years, st.integers(-1440, 1440))
spans = st.integers(0, 1800).map(lambda number: number * MINUTE)
amounts = st.timedeltas(NOTHING, timedelta(hours=60))


@given(moments, calendars, spans)
def test_every_minute_counts_as_a_walker_counts_it(start: datetime, drawn: Drawn, span: timedelta) -> None:
    judge, end = rules(drawn, start), start + span
    calendar = judge.prepared()
    worked = list(judge.walk(start, end))

    assert working_time_between(calendar, start, end) == len(worked) * MINUTE
    for number in {1, len(worked) // 2, len(worked)} & set(range(1, len(worked) + 1)):
        assert add_working_time(calendar, start, number * MINUTE) == worked[number - 1] + MINUTE
        # Half of the last minute is over in its middle.
        assert calendar.add(start, (number - 0.5) * MINUTE) == worked[number - 1] + MINUTE / 2
    refuse_or_go_beyond(calendar, start, end, (len(worked) + 1) * MINUTE)


def refuse_or_go_beyond(
    calendar: PreparedCalendar, start: datetime, end: datetime, amount: timedelta
) -> None:
    """What was not worked by the end is worked later, or never."""
    try:
        assert calendar.add(start, amount) > end
    except NoWorkingTime:
        assert not any(calendar.facts.windows)
        assert calendar.between(start, end + 30 * DAY) < amount


@given(moments, st.timedeltas(NOTHING, MINUTE), open_calendars, amounts, spans)
def test_adding_and_measuring_are_inverse(
    minute: datetime, more: timedelta, drawn: Drawn, amount: timedelta, span: timedelta
) -> None:
    start = minute + more
    calendar = rules(drawn, start).prepared()

    end = calendar.add(start, amount)
    assert calendar.between(start, end) == amount
    assert calendar.add(start, calendar.between(start, end)) == end, "the earliest such moment"

    later = end + span
    earliest = calendar.add(start, calendar.between(start, later))
    assert earliest <= later
    assert calendar.between(earliest, later) == NOTHING


@given(moments, open_calendars, amounts, amounts)
def test_parts_make_up_the_whole(start: datetime, drawn: Drawn, first: timedelta, second: timedelta) -> None:
    calendar = rules(drawn, start).prepared()

    middle = calendar.add(start, first)
    end = calendar.add(middle, second)
    assert end == (calendar.add(start, first + second) if second else middle)
    assert calendar.between(start, middle) + calendar.between(middle, end) == calendar.between(start, end)


@given(moments, calendars, open_calendars, st.integers(0, 400), st.integers(0, 500))
def test_a_budget_goes_on_in_the_calendar_that_follows(
    start: datetime, drawn: Drawn, following: Drawn, ran: int, more: int
) -> None:
    """What ran before a change of the calendar stays used; the rest is walked through the new one."""
    before, after, changed = rules(drawn, start), rules(following, start), start + ran * MINUTE
    used = list(before.walk(start, changed))
    left = list(after.walk(changed, changed + 8 * HOUR))

    number = min(more, len(left)) + 1
    budget = (len(used) + number) * MINUTE
    due_at = after.prepared().add(changed, budget - before.prepared().between(start, changed))
    assert due_at == left[number - 1] + MINUTE if number <= len(left) else due_at > changed + 8 * HOUR


half_hours = st.integers(0, 47).map(lambda number: number * 30)


# Ten years are 175,000 half-hours to be looked at for one example, a second or two.
@settings(max_examples=300 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4)
@given(st.data(), st.sampled_from(ZONES[:6]))
def test_ten_years_are_walked_in_half_hours(data: st.DataObject, zone: str) -> None:
    some = st.lists(st.tuples(half_hours, half_hours), min_size=1, max_size=2)
    days = st.dates(date(2021, 1, 1), date(2030, 12, 31))
    judge = Rules(
        zone,
        data.draw(st.dictionaries(st.integers(0, 6), some, min_size=1)),
        data.draw(st.dictionaries(days, some, max_size=50)),
    )
    start, end, step = utc(2021, 1, 1), utc(2031, 1, 1), timedelta(minutes=30)
    worked = list(judge.walk(start, end, step))
    calendar = judge.prepared()
    assert calendar.between(start, end) == len(worked) * step
    assert calendar.add(start, len(worked) * step) == worked[-1] + step


def office(zone: str, **special: list[Window]) -> PreparedCalendar:
    return Rules(
        zone,
        dict.fromkeys(range(5), OFFICE),
        {date.fromisoformat(day.strip("_").replace("_", "-")): own for day, own in special.items()},
    ).prepared()


def shanghai(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[misc,arg-type]


def test_a_budget_is_walked_over_lunch_night_and_weekend() -> None:
    calendar = office("Asia/Shanghai")
    assert calendar.add(shanghai(2026, 9, 18, 11), 2 * HOUR) == shanghai(2026, 9, 18, 14)
    assert calendar.add(shanghai(2026, 9, 18, 17), 2 * HOUR) == shanghai(2026, 9, 21, 10)
    assert calendar.add(shanghai(2026, 9, 19, 12), HOUR) == shanghai(2026, 9, 21, 10)


def test_what_is_used_up_at_the_end_of_a_day_is_due_then_and_not_next_morning() -> None:
    calendar = office("Asia/Shanghai")
    assert calendar.add(shanghai(2026, 9, 18, 17), HOUR) == shanghai(2026, 9, 18, 18)
    assert calendar.add(shanghai(2026, 9, 18, 11), HOUR) == shanghai(2026, 9, 18, 12)


def test_holidays_are_left_out_and_make_up_days_are_worked() -> None:
    """春节 2026 as announced: from the 15th to the 23rd of February, made up for on the 14th and the 28th."""
    holidays: dict[str, list[Window]] = {f"_2026_02_{day}": [] for day in range(15, 24)}
    calendar = office("Asia/Shanghai", **holidays, _2026_02_14=OFFICE, _2026_02_28=OFFICE)
    assert calendar.add(shanghai(2026, 2, 13, 17), 2 * HOUR) == shanghai(2026, 2, 14, 10)
    assert calendar.add(shanghai(2026, 2, 14, 17), 2 * HOUR) == shanghai(2026, 2, 24, 10)
    assert calendar.between(shanghai(2026, 2, 28), shanghai(2026, 3, 1)) == 8 * HOUR


def test_a_night_shift_is_an_hour_shorter_when_clocks_go_forward_and_longer_when_back() -> None:
    calendar = Rules("Europe/Berlin", {day: [(1320, 360)] for day in range(7)}).prepared()
    nights = {day: calendar.between(utc(2026, *day, 12), utc(2026, *day, 12) + DAY) for day in NIGHTS}
    assert nights == NIGHTS


NIGHTS = {(3, 27): 8 * HOUR, (3, 28): 7 * HOUR, (10, 24): 9 * HOUR, (10, 25): 8 * HOUR}


def test_hours_that_the_clock_leaves_out_are_not_there_and_those_it_repeats_are_there_twice() -> None:
    calendar = Rules("Europe/Berlin", {6: [(120, 180)]}).prepared()  # from two to three on Sundays
    assert calendar.between(utc(2026, 3, 28, 12), utc(2026, 3, 29, 12)) == NOTHING
    assert calendar.between(utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) == 2 * HOUR


def test_moments_of_one_zone_are_an_hour_that_really_passed_apart() -> None:
    """Python itself takes wall-clock times of one zone from each other as if no clock ever changed."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = datetime(2026, 10, 25, 2, tzinfo=berlin), datetime(2026, 10, 25, 2, tzinfo=berlin, fold=1)
    always = Rules("UTC", {day: [(0, 0)] for day in range(7)}).prepared()
    for calendar in (ROUND_THE_CLOCK, always):
        assert calendar.between(first, second) == HOUR
        with pytest.raises(ValueError, match="before"):
            calendar.between(second, first)


def test_a_special_day_decides_only_the_windows_that_begin_on_it() -> None:
    night: list[Window] = [(1320, 360)]
    calendar = Rules("UTC", dict.fromkeys(range(7), night), {date(2026, 9, 16): []}).prepared()
    assert calendar.between(utc(2026, 9, 16), utc(2026, 9, 17)) == 6 * HOUR, "of the night before"
    assert calendar.between(utc(2026, 9, 17), utc(2026, 9, 18)) == 2 * HOUR


def test_windows_that_overlap_or_touch_count_once() -> None:
    calendar = Rules("UTC", {0: [(540, 720), (600, 780), (780, 840), (1320, 300)], 1: [(0, 60)]}).prepared()
    assert calendar.between(utc(2026, 9, 14), utc(2026, 9, 16)) == 5 * HOUR + 7 * HOUR


def test_the_end_is_in_utc_whatever_zone_is_given() -> None:
    for calendar in (office("Asia/Shanghai"), ROUND_THE_CLOCK):
        for amount in (NOTHING, HOUR):
            assert calendar.add(shanghai(2026, 9, 18, 10), amount).tzinfo is UTC


def test_round_the_clock_is_plain_time() -> None:
    assert add_working_time(ROUND_THE_CLOCK, utc(2026, 9, 19), 72 * HOUR) == utc(2026, 9, 22)
    assert working_time_between(ROUND_THE_CLOCK, utc(2026, 9, 19), utc(2026, 9, 22)) == 72 * HOUR


@pytest.mark.parametrize(
    "facts",
    [
        CalendarFacts(),
        CalendarFacts(days=((date(2026, 9, 14), ()),)),
        CalendarFacts(days=((date(2026, 9, 14), ((time(9), time(10)),)),)),
        CalendarFacts(days=((date(1999, 9, 14), ((time(9), time(23)),)),)),
    ],
)
def test_where_too_little_ever_opens_it_is_said_what_to_do(facts: CalendarFacts) -> None:
    calendar = PreparedCalendar(facts)
    with pytest.raises(NoWorkingTime, match="Give it working hours"):
        calendar.add(utc(2026, 9, 1), 2 * HOUR)
    assert calendar.between(utc(2026, 9, 1), utc(2036, 9, 1)) <= HOUR
    assert calendar.add(utc(2026, 9, 1), NOTHING) == utc(2026, 9, 1)


def test_what_special_days_alone_open_is_found_years_ahead() -> None:
    calendar = PreparedCalendar(CalendarFacts(days=((date(2033, 9, 14), ((time(9), time(10)),)),)))
    assert calendar.add(utc(2026, 9, 1), HOUR) == utc(2033, 9, 14, 10)


def test_what_nobody_lives_to_see_is_refused() -> None:
    with pytest.raises(NoWorkingTime, match="promise less"):
        Rules("UTC", {0: [(0, 1)]}).prepared().add(utc(2026, 9, 1), timedelta(days=365 * 100))


def test_time_is_neither_taken_away_nor_measured_backwards() -> None:
    for calendar in (office("UTC"), ROUND_THE_CLOCK):
        with pytest.raises(ValueError, match="taken away"):
            calendar.add(utc(2026, 9, 1), -MINUTE)
        with pytest.raises(ValueError, match="before"):
            calendar.between(utc(2026, 9, 2), utc(2026, 9, 1))


def test_a_calendar_answers_the_same_whatever_was_asked_before() -> None:
    asked_before = office("America/New_York")
    for year in (2030, 2020, 2026):
        start = utc(year, 12, 31, 20)
        assert asked_before.add(start, 9 * HOUR) == office("America/New_York").add(start, 9 * HOUR)


def test_facts_are_kept_as_json_and_read_back() -> None:
    facts = office("Europe/Berlin", _2026_12_24=[(540, 720)], _2026_12_25=[]).facts
    assert CalendarFacts.from_json(facts.as_json()) == facts
