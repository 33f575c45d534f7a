"""The calendars every installation starts with, and the public holidays of China for the years announced."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import chinese_calendar

from cases.choices import DayKind

ROUND_THE_CLOCK = "24×7"
STANDARD = "标准工作时间"
CHINA = "CN"
HOURS = ((time(9), time(12)), (time(13), time(18)))
WORKING_DAYS = range(5)  # Monday to Friday
FIRST_YEAR, FAR_YEAR = 2004, 2100  # between them lie the years the package may know


def ensure_calendars(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    calendars = apps.get_model("cases", "WorkCalendar").objects
    calendars.get_or_create(name=ROUND_THE_CLOCK, defaults={"name_en": "Round the clock", "always_on": True})
    standard, created = calendars.get_or_create(
        name=STANDARD,
        defaults={"name_en": "Standard working hours", "country": CHINA, "is_default": True},
    )
    if created:
        windows = apps.get_model("cases", "CalendarWindow").objects
        windows.bulk_create(
            windows.model(calendar=standard, weekday=weekday, starts=starts, ends=ends)
            for weekday in WORKING_DAYS
            for starts, ends in HOURS
        )
        for year in announced_years():
            load_public_holidays(apps, standard, year)


def announced_years() -> list[int]:
    """The years whose holidays and make-up days the package knows from the first day to the last."""
    return [year for year in range(FIRST_YEAR, FAR_YEAR) if is_announced(year)]


def is_announced(year: int) -> bool:
    """Whether the holidays and make-up days of this year have been announced, as far as the package knows."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
        chinese_calendar.is_workday(date(year, 12, 31))
    except NotImplementedError:
        return False
    return True


def load_public_holidays(apps: Any, calendar: Any, year: int) -> int:
    """
    Add the days of a year that differ from their weekday; rows that are there stay.

    Returns how many were added. ``apps`` is the registry of models. Raises NotImplementedError for a year
    the package does not know.
    """
    days = apps.get_model("cases", "CalendarDay").objects
    known = set(days.filter(calendar=calendar, date__year=year).values_list("date", flat=True))
    missing = [row for row in special_days(year) if row["date"] not in known]
    days.bulk_create(days.model(calendar=calendar, **row) for row in missing)
    apps.get_model("cases", "CalendarYear").objects.get_or_create(calendar=calendar, year=year)
    return len(missing)


def special_days(year: int) -> list[dict[str, Any]]:
    """
    Public holidays, also where they fall on a weekend, and make-up working days (调休), which work like a
    Monday.
    """
    rows = []
    day = date(year, 1, 1)
    while day.year == year:
        works, usual, name = chinese_calendar.is_workday(day), day.weekday() in WORKING_DAYS, _name_of(day)
        if works and not usual:
            rows.append({"date": day, "kind": DayKind.AS_WEEKDAY, "like_weekday": 0, "label": "调休上班"})
        elif not works and (usual or name):
            rows.append({"date": day, "kind": DayKind.CLOSED, "label": name})
        day += timedelta(days=1)
    return rows


def _name_of(day: date) -> str:
    _holiday, name = chinese_calendar.get_holiday_detail(day)
    return CHINESE_NAMES.get(str(name), str(name or ""))


CHINESE_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利70周年",
}
