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
Span = tuple[int, int]  # microseconds; where they are moments: since 1970 in UTC, the end no part of it

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- only taken away from other naive times
NOTHING = timedelta(0)
SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
MARGIN = 3 * DAY  # no time zone is farther from UTC, and no window reaches farther
THURSDAY = 3  # the weekday of the first day of 1970
BLOCK = 64 * DAY  # what is worked out at a time
TEN_YEARS = 3653 * DAY
FAR_FUTURE = 150 * 365 * DAY  # nobody promises farther than this


class NoWorkingTime(Exception):
    """A calendar was asked when so much working time will have passed, and so much never comes."""

    def __init__(self) -> None:
        super().__init__(
            "This calendar does not have so much working time. Give it working hours, or promise less."
        )


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
    """A calendar ready for reckoning; spans are worked out for the time asked for, and kept."""

    def __init__(self, facts: CalendarFacts) -> None:
        """Raises ZoneInfoNotFoundError for a time zone that does not exist."""
        self.facts = facts
        self._zone = ZoneInfo(facts.time_zone)
        self._weekly: list[list[Span]] = [[] for _day in range(7)]
        for weekday, start, end in facts.windows:
            self._weekly[weekday].append(_begins_and_lasts(start, end))
        self._special = {
            (day - EPOCH.date()).days: [_begins_and_lasts(*hours) for hours in own] for day, own in facts.days
        }
        self._table: _Table | None = None

    def year_of(self, moment: datetime) -> int:
        """The year on the wall of this calendar."""
        return moment.astimezone(self._zone).year

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """
        The earliest moment at which ``amount`` of working time has passed since ``start``; in UTC.

        Nothing added is ``start`` itself. Raises ValueError for a negative amount, and NoWorkingTime where so
        much never comes.
        """
        if amount <= NOTHING:
            return _nothing_added(start, amount)
        if self.facts.always_on:
            return _after(start, amount)
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
        since, until = _microseconds(start - EPOCH), _microseconds(end - EPOCH)
        if until < since:
            raise ValueError(f"the end {end} is before the start {start}")
        if self.facts.always_on:
            return timedelta(microseconds=until - since)
        table = self._covering(since, until)
        return timedelta(microseconds=table.passed(until) - table.passed(since))

    def _covering(self, since: int, until: int) -> _Table:
        table = self._table
        if table is None:
            table = self._table = self._worked_out(since, until)
        elif since < table.since or until >= table.until:
            spare = min(table.until - table.since, TEN_YEARS)  # so that a long way takes few steps
            first = min(table.since, since - spare if since < table.since else since)
            last = max(table.until - 1, until + spare if until >= table.until else until)
            table = self._table = self._worked_out(first, last)
        return table

    def _farther(self, table: _Table) -> _Table:
        """A table of twice the span; raises NoWorkingTime where nothing opens any more."""
        if table.until > self._last_opening:
            raise NoWorkingTime
        longer = self._table = self._worked_out(table.since, 2 * table.until - table.since)
        return longer

    @cached_property
    def _last_opening(self) -> int:
        """Where no weekday is worked, only special days open."""
        if any(self._weekly):
            return FAR_FUTURE
        openings = (day * DAY + MARGIN for day, hours in self._special.items() if hours)
        return min(max(openings, default=0), FAR_FUTURE)

    def _worked_out(self, first: int, last: int) -> _Table:
        """From the beginning of one block of days to the end of another."""
        since, until = first // BLOCK * BLOCK, (last // BLOCK + 1) * BLOCK
        starts, ends, done = [], [], []
        passed = 0
        for start, end in _merged(sorted(self._spans(since - MARGIN, until + MARGIN))):
            passed += end - start
            starts.append(start)
            ends.append(end)
            done.append(passed)
        return _Table(since, until, starts, ends, done)

    def _spans(self, since: int, until: int) -> Iterator[Span]:
        """When the clock on the wall shows a time within a window, offset by offset."""
        for begun, over, offset in self._offsets(since, until):
            # A window of the day before may reach past midnight.
            for day in range((begun + offset) // DAY - 1, (over + offset) // DAY + 1):
                for begins, lasts in self._special.get(day, self._weekly[(day + THURSDAY) % 7]):
                    start = day * DAY + begins - offset
                    end = min(start + lasts, over)
                    if (start := max(start, begun)) < end:
                        yield start, end

    def _offsets(self, since: int, until: int) -> Iterator[tuple[int, int, int]]:
        """The stretches of one offset from UTC: from, to, and the offset."""
        begun, offset = since, self._offset(since)
        for moment in range(since, until, DAY):
            if self._offset(moment + DAY) != offset:
                turn = self._turn(moment, moment + DAY)
                yield begun, turn, offset
                begun, offset = turn, self._offset(turn)
        yield begun, until, offset

    def _turn(self, before: int, after: int) -> int:
        """The first second with the offset of ``after``, which is not that of ``before``."""
        old = self._offset(before)
        while after - before > SECOND:
            middle = (before + after) // 2 // SECOND * SECOND
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after

    def _offset(self, moment: int) -> int:
        local = datetime.fromtimestamp(moment // SECOND, self._zone)
        return _microseconds(local.utcoffset() or NOTHING)


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


def _after(start: datetime, amount: timedelta) -> datetime:
    try:
        return start.astimezone(UTC) + amount
    except OverflowError:
        raise NoWorkingTime from None


def _microseconds(span: timedelta) -> int:
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds


def _begins_and_lasts(start: time, end: time) -> Span:
    """Microseconds after midnight, and for how long."""
    begins, ends = (_microseconds(datetime.combine(EPOCH, each) - NAIVE_EPOCH) for each in (start, end))
    return begins, ends - begins + (DAY if ends <= begins else 0)


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
