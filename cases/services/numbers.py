"""
Case numbers: ``CS``, the local day, and a counter of at least three digits that grows past 999.

Never two alike under concurrency; a refused registration may leave a hole. On PostgreSQL the counter is a
sequence, so registering cases never waits for another one to commit: a day's numbers are the sequence less
the value it had when the day began. Elsewhere a row per day counts, under the one write lock.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext_lazy as _

from cases.exceptions import InvalidInput
from cases.models import NumberDay

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "CS"
DAY_DIGITS = 8
MOST_A_DAY = 999_999  # a number given elsewhere is drawn past one by one, about a second for this many

BEGIN_DAY = """
    INSERT INTO cases_numberday (day, base, last)
    SELECT %s, CASE WHEN is_called THEN last_value ELSE last_value - 1 END, 0 FROM case_number_seq
    ON CONFLICT (day) DO NOTHING
"""
NEXT_OF_DAY = "SELECT nextval('case_number_seq') - (SELECT base FROM cases_numberday WHERE day = %s)"
# Numbers given elsewhere: a day not begun yet starts behind them; on a day under way the sequence is
# drawn past them. It only ever moves forward, so no counter can come twice.
BEGIN_BEHIND = """
    INSERT INTO cases_numberday (day, base, last)
    SELECT %(day)s, (CASE WHEN is_called THEN last_value ELSE last_value - 1 END) - %(last)s, 0
    FROM case_number_seq
    ON CONFLICT (day) DO NOTHING
"""
DRAW_PAST = """
    SELECT count(nextval('case_number_seq')) FROM generate_series(
        1, (SELECT base FROM cases_numberday WHERE day = %(day)s) + %(last)s
           - (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM case_number_seq)
    )
"""
COUNT_ON = """
    INSERT INTO cases_numberday (day, base, last) VALUES (%s, 0, 1)
    ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last
"""


def next_number(day: date) -> str:
    """The next free number of this local day. Call inside the transaction that stores the case."""
    return format_number(day, _next_of_sequence(day) if _has_sequences() else _next_of_row(day))


def reserve_numbers(numbers: Iterable[str]) -> None:
    """
    Make sure that numbers given elsewhere (an imported sheet) are never given out again.

    To be committed soon: until then the first registration of such a day waits.
    Raises InvalidInput for a number whose day does not exist or whose counter no day will reach.
    """
    highest: dict[date, int] = defaultdict(int)
    for number in numbers:
        day = _day_within_reach(number)
        highest[day] = max(highest[day], split_number(number)[1])
    for day, last in sorted(highest.items()):
        iso = day.isoformat()
        if _has_sequences():
            with connection.cursor() as cursor:
                cursor.execute(BEGIN_BEHIND, {"day": iso, "last": last})
                cursor.execute(DRAW_PAST, {"day": iso, "last": last})
        else:
            NumberDay.objects.get_or_create(day=iso)
            NumberDay.objects.filter(day=iso, last__lt=last).update(last=last)


def _day_within_reach(number: str) -> date:
    text, counter = split_number(number)
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        day = None
    if day is None or counter > MOST_A_DAY:
        raise InvalidInput("number", _("“%(number)s” is no number of a case.") % {"number": number})
    return day


def format_number(day: date, counter: int) -> str:
    return f"{PREFIX}{day:%Y%m%d}{counter:03d}"


def split_number(number: str) -> tuple[str, int]:
    """The day's eight digits and the counter of a well-formed number."""
    start = len(PREFIX)
    return number[start : start + DAY_DIGITS], int(number[start + DAY_DIGITS :])


def day_part(number: str) -> str:
    """What all numbers of the same day begin with."""
    return number[: len(PREFIX) + DAY_DIGITS]


def _has_sequences() -> bool:
    return connection.vendor == "postgresql"


def _next_of_sequence(day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(NEXT_OF_DAY, [day])
        (counter,) = cursor.fetchone()
        if counter is None:  # the first case of the day
            cursor.execute(BEGIN_DAY, [day])
            cursor.execute(NEXT_OF_DAY, [day])
            (counter,) = cursor.fetchone()
    return int(counter)


def _next_of_row(day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ON, [day.isoformat()])
        return int(cursor.fetchone()[0])
