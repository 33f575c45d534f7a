"""
Working time counted minute by minute, to judge what the product reckons. Shares no code with it.

A minute is worked when the clock on the wall shows it within a window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cases.worktime import CalendarFacts, PreparedCalendar

if TYPE_CHECKING:
    from collections.abc import Iterator

MINUTE = timedelta(minutes=1)
Window = tuple[int, int]  # minutes after midnight; an end that is not after the start is that of the next day


@dataclass(frozen=True)
class Rules:
    """Windows by weekday, and by date those of the days that differ."""

    zone: str
    weekly: dict[int, list[Window]]
    special: dict[date, list[Window]] = field(default_factory=dict)

    def windows_of(self, day: date) -> list[Window]:
        return self.special[day] if day in self.special else self.weekly.get(day.weekday(), [])

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        for begins, ends in self.windows_of(local.date()):
            if begins <= minute and (minute < ends or ends <= begins):
                return True
        yesterday = self.windows_of(local.date() - timedelta(days=1))
        return any(ends <= begins and minute < ends for begins, ends in yesterday)

    def walk(self, start: datetime, end: datetime, step: timedelta = MINUTE) -> Iterator[datetime]:
        """The worked steps from ``start`` to ``end``, by their beginning."""
        moment = start
        while moment < end:
            if self.is_open(moment):
                yield moment
            moment += step

    def prepared(self) -> PreparedCalendar:
        """The same as the product is told it."""
        weekly = [(day, clock(a), clock(b)) for day, windows in self.weekly.items() for a, b in windows]
        special = [
            (day, tuple((clock(a), clock(b)) for a, b in windows)) for day, windows in self.special.items()
        ]
        return PreparedCalendar(CalendarFacts(self.zone, windows=tuple(weekly), days=tuple(special)))


def clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
