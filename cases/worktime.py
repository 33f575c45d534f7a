"""
Working time: adding it to a moment, and measuring it between two. Pure: no database, no clock.

A calendar's windows are wall-clock times of its zone: a moment is working time when the clock on the wall
shows a time within a window. Where clocks are put forward, the times that are left out do not exist; where
they are put back, the repeated times count twice. What is added and measured is time that really passes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Hours = tuple[time, time]  # an end that is not after the start is that time of the next day
Span = tuple[int, int]  # microseconds since 1970 in UTC; the end is no part of it

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = timedelta(0)
DAY = timedelta(days=1)
FARTHEST_OFFSET = timedelta(hours=26)  # no zone is farther than a day from UTC, and a transition is near it
QUARTER = timedelta(minutes=15)
LAST_YEAR = 9990


class NoWorkingTime(Exception):
    """A calendar without working hours was asked when so much of it will have passed."""

    def __init__(self) -> None:
        super().__init__("This calendar has no working time left. Give it working hours.")


@dataclass(frozen=True)
class CalendarFacts:
    """
    What a calendar says: windows by weekday (0 is Monday), and the days that differ, each with its own.

    Windows belong to the day they begin on. ``always_on`` is 24×7 and needs neither.
    """

    time_zone: str = "UTC"
    always_on: bool = False
    windows: tuple[tuple[int, time, time], ...] = ()
    days: tuple[tuple[date, tuple[Hours, ...]], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as a JSON column keeps it."""
        return {
            "time_zone": self.time_zone,
            "always_on": self.always_on,
            "windows": [[day, start.isoformat(), end.isoformat()] for day, start, end in self.windows],
            "days": [
                [day.isoformat(), [[start.isoformat(), end.isoformat()] for start, end in hours]]
                for day, hours in self.days
            ],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> CalendarFacts:
        """What ``as_json`` kept."""
        read = time.fromisoformat
        return cls(
            time_zone=kept["time_zone"],
            always_on=kept["always_on"],
            windows=tuple((day, read(start), read(end)) for day, start, end in kept["windows"]),
            days=tuple(
                (date.fromisoformat(day), tuple((read(start), read(end)) for start, end in hours))
                for day, hours in kept["days"]
            ),
        )


@dataclass(frozen=True)
class _Table:
    """
    Working spans between two moments, in order and apart from each other.

    ``done`` is the working time that has passed at the end of each, counted from the beginning of the table.
    """

    since: int
    until: int
    starts: list[int]
    ends: list[int]
    done: list[int]

    def passed(self, moment: int) -> int:
        """Working time from the beginning of the table to ``moment``."""
        index = bisect_right(self.starts, moment) - 1
        if index < 0:
            return 0
        return self.done[index] - max(self.ends[index] - moment, 0)


class PreparedCalendar:
    """A calendar ready for reckoning; spans are worked out for the years asked for, and kept."""

    def __init__(self, facts: CalendarFacts) -> None:
        """Raises ZoneInfoNotFoundError for a time zone that does not exist."""
        self.facts = facts
        self._zone = ZoneInfo(facts.time_zone)
        self._table: _Table | None = None

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """
        The earliest moment at which ``amount`` of working time has passed since ``start``; in UTC.

        Nothing added is ``start`` itself. Raises ValueError for a negative amount, and NoWorkingTime where so
        much never comes.
        """
        if amount <= NOTHING:
            return _nothing_added(start, amount)
        if self.facts.always_on:
            return start.astimezone(UTC) + amount
        since = _microseconds(start - EPOCH)
        table = self._covering(since, since)
        wanted = table.passed(since) + _microseconds(amount)
        while table.done[-1:] < [wanted]:
            table = self._farther(table)
            wanted = table.passed(since) + _microseconds(amount)
        index = bisect_left(table.done, wanted)
        return EPOCH + timedelta(microseconds=table.ends[index] - (table.done[index] - wanted))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Working time that passes from ``start`` to ``end``. Raises ValueError where the end comes first."""
        if end < start:
            raise ValueError(f"the end {end} is before the start {start}")
        if self.facts.always_on:
            return end - start
        since, until = _microseconds(start - EPOCH), _microseconds(end - EPOCH)
        table = self._covering(since, until)
        return timedelta(microseconds=table.passed(until) - table.passed(since))

    def _covering(self, since: int, until: int) -> _Table:
        table = self._table
        if table is None or since < table.since or until >= table.until:
            first, last = _year_of(since), _year_of(until)
            if table is not None:
                first, last = min(first, _year_of(table.since)), max(last, _year_of(table.until - 1))
            table = self._table = self._worked_out(first, last)
        return table

    def _farther(self, table: _Table) -> _Table:
        """A table of twice the span, so that a long way takes few steps."""
        first, last = _year_of(table.since), _year_of(table.until - 1)
        if last >= self._last_open_year:
            raise NoWorkingTime
        farther = min(last + max(last - first, 1), LAST_YEAR)
        longer = self._table = self._worked_out(first, farther)
        return longer

    @cached_property
    def _last_open_year(self) -> int:
        """After it nothing opens any more: without weekly windows only special days do."""
        if self.facts.windows:
            return LAST_YEAR
        return max((day.year + 1 for day, hours in self.facts.days if hours), default=0)

    def _worked_out(self, first: int, last: int) -> _Table:
        """From the first day of a year to the last of another, in UTC, with a margin for far time zones."""
        since, until = date(first, 1, 1), date(last + 1, 1, 1)
        spans = _merged(sorted(self._spans(since - 3 * DAY, until + 2 * DAY)))
        starts, ends, done = [], [], []
        passed = 0
        for start, end in spans:
            passed += end - start
            starts.append(start)
            ends.append(end)
            done.append(passed)
        return _Table(_midnight(since), _midnight(until), starts, ends, done)

    def _spans(self, since: date, until: date) -> Iterator[Span]:
        special = dict(self.facts.days)
        weekly: list[list[Hours]] = [[] for _day in range(7)]
        for weekday, start, end in self.facts.windows:
            weekly[weekday].append((start, end))
        for number in range((until - since).days):
            day = since + timedelta(days=number)
            for start, end in special.get(day, weekly[day.weekday()]):
                following = DAY if end <= start else NOTHING
                begins, stops = datetime.combine(day, start), datetime.combine(day, end) + following
                yield from self._on_the_wall(begins, stops)

    def _on_the_wall(self, begins: datetime, stops: datetime) -> Iterator[Span]:
        """When the clock on the wall shows a time from ``begins`` to ``stops``."""
        for since, until, offset in self._offsets(begins, stops):
            start, end = max(begins - offset, since), min(stops - offset, until)
            if start < end:
                yield _microseconds(start - NAIVE_EPOCH), _microseconds(end - NAIVE_EPOCH)

    def _offsets(self, begins: datetime, stops: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """The stretches of one offset from UTC around these local times, as naive moments in UTC."""
        since, until = begins - FARTHEST_OFFSET, stops + FARTHEST_OFFSET
        offset = self._offset(since)
        if offset == self._offset(until):  # two transitions in so few days are no time zone's
            yield since, until, offset
            return
        moment = since
        while moment < until:
            following = moment + QUARTER
            if (other := self._offset(following)) != offset:
                turn = self._transition(moment, following, offset)
                yield since, turn, offset
                since, offset = turn, other
            moment = following
        yield since, until, offset

    def _transition(self, before: datetime, after: datetime, offset: timedelta) -> datetime:
        """The first second with another offset."""
        while after - before > timedelta(seconds=1):
            middle = (before + (after - before) / 2).replace(microsecond=0)
            if middle == before:
                break
            before, after = (middle, after) if self._offset(middle) == offset else (before, middle)
        return after

    def _offset(self, moment: datetime) -> timedelta:
        return moment.replace(tzinfo=UTC).astimezone(self._zone).utcoffset() or NOTHING


NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


def add_working_time(calendar: PreparedCalendar, start: datetime, amount: timedelta) -> datetime:
    """``PreparedCalendar.add``."""
    return calendar.add(start, amount)


def working_time_between(calendar: PreparedCalendar, start: datetime, end: datetime) -> timedelta:
    """``PreparedCalendar.between``."""
    return calendar.between(start, end)


def _nothing_added(start: datetime, amount: timedelta) -> datetime:
    if amount < NOTHING:
        raise ValueError(f"working time cannot be taken away: {amount}")
    return start.astimezone(UTC)


def _microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _year_of(moment: int) -> int:
    return (EPOCH + timedelta(microseconds=moment)).year


def _midnight(day: date) -> int:
    return _microseconds(datetime.combine(day, time(), UTC) - EPOCH)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans, those that touch or overlap made one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


ROUND_THE_CLOCK = PreparedCalendar(CalendarFacts(always_on=True))
