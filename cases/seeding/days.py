"""When made-up cases come in: over two years of days, by weekday and hour. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import accumulate
from random import Random

DAYS = 730
HOUR = 3600
# Monday to Sunday, and midnight to midnight: a service desk that is busiest on Monday mornings.
WEEKDAYS = (1.35, 1.2, 1.1, 1.05, 1.0, 0.7, 0.6)
HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 8, 14, 15, 12, 8, 10, 13, 13, 11, 9, 7, 7, 8, 7, 4, 2)
HOURS_SO_FAR = tuple(accumulate(HOURS))


@dataclass(frozen=True)
class Days:
    """Which of ``total`` cases come in on which local day; cases are counted from 0 in order of arrival."""

    first: date
    ends: Sequence[int]  # ends[n] cases have come in by the end of day n

    def of(self, index: int) -> tuple[date, int, int]:
        """The day of this case, its place among the cases of the day, and how many those are."""
        day = bisect_right(self.ends, index)
        begin = self.ends[day - 1] if day else 0
        return self.first + timedelta(days=day), index - begin, self.ends[day] - begin

    def sizes(self) -> dict[date, int]:
        begins = (0, *self.ends)
        return {
            self.first + timedelta(days=n): end - begin
            for n, (begin, end) in enumerate(zip(begins, self.ends, strict=False))
            if end > begin
        }


def spread(total: int, last: date) -> Days:
    """``total`` cases over the two years up to and including ``last``, slowly growing."""
    first = last - timedelta(days=DAYS - 1)
    weights = [WEEKDAYS[(first + timedelta(days=n)).weekday()] * (1 + n / DAYS) for n in range(DAYS)]
    so_far = list(accumulate(weights))
    return Days(first, [round(total * weight / so_far[-1]) for weight in so_far])


def moment_of(day: date, place: int, of: int, zone: tzinfo, chance: Random) -> int:
    """Seconds since the epoch: the cases of a day in order, most of them in its busy hours."""
    wanted = (place + chance.random()) / of * HOURS_SO_FAR[-1]
    hour = min(bisect_right(HOURS_SO_FAR, wanted), 23)
    within = 1 - (HOURS_SO_FAR[hour] - wanted) / HOURS[hour]
    midnight = datetime.combine(day, time(), zone).timestamp()
    return int(midnight) + int((hour + within) * HOUR)
