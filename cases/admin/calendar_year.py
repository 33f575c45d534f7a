"""A year of a calendar as a picture: twelve small months, each day with its hours. Pure."""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.models import Weekday

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.models import CalendarDay
    from cases.worktime import CalendarFacts, Hours

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cell:
    """``kind`` is open, closed, off or on: the last two differ from their weekday; ``title`` says it all."""

    day: date
    kind: str
    mark: str
    title: str


@dataclass(frozen=True)
class Month:
    name: str
    weeks: list[list[Cell | None]]


def weekday_initials() -> list[tuple[str, str]]:
    """Short and long name of each day of the week, Monday first."""
    monday = date(2024, 1, 1)
    return [(date_format(monday + n * DAY, "D"), str(Weekday(n).label)) for n in range(7)]


def months_of(year: int, facts: CalendarFacts, days: Iterable[CalendarDay]) -> list[Month]:
    special = dict(facts.days)
    labels = {row.date: row.label or row.get_kind_display() for row in days}
    weekly: dict[int, list[Hours]] = {}
    for weekday, start, end in facts.windows:
        weekly.setdefault(weekday, []).append((start, end))

    def cell(day: date) -> Cell | None:
        usual = weekly.get(day.weekday(), [])
        hours = special.get(day, usual)
        kind = "open" if hours else "closed"
        if day in special:
            kind = "on" if hours else "off"
        return Cell(day, kind, mark_of(kind), title_of(day, hours, labels.get(day, "")))

    return [
        Month(
            date_format(date(year, month, 1), "F"),
            [
                [cell(day) if day.month == month else None for day in week]
                for week in Calendar().monthdatescalendar(year, month)
            ],
        )
        for month in range(1, 13)
    ]


def mark_of(kind: str) -> str:
    """What stands beside the number, so that colour is not all that tells."""
    return {"off": _("off"), "on": _("on")}.get(kind, "")


def title_of(day: date, hours: Iterable[Hours], label: str) -> str:
    windows = ", ".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in hours) or _("closed")
    return " · ".join(part for part in (date_format(day, "Y-m-d"), label, windows) if part)
