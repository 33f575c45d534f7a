"""Local times of the sheet and the moments they stand for. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.problems import CellRefused

if TYPE_CHECKING:
    from datetime import tzinfo

FIRST_YEAR, LAST_YEAR = 1900, 2199  # others are slips of the pen, and some calendars have no such days

_MOMENT = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2}) +([0-9]{1,2}):([0-9]{2})(?::[0-5][0-9])?")
_REMEDY = _("Write it like 2024-10-01 09:30.")


def read_moment(text: str, zone: tzinfo) -> datetime:
    """
    ``YYYY-MM-DD HH:MM`` in the zone of the sheet, as an aware moment; raises CellRefused.

    ``YYYY/M/D H:MM`` and seconds, as spreadsheets save them to CSV, are understood; seconds are dropped.
    """
    match = _MOMENT.fullmatch(text)
    if not match:
        raise CellRefused(_("This is no date with a time."), _REMEDY)
    year, month, day, hour, minute = (int(match[position]) for position in (1, 3, 4, 5, 6))
    refuse_year_beyond(year, text)
    local = existing(year, month, day, hour, minute)
    if local is None:
        raise CellRefused(_("There is no such day or time."), _REMEDY)
    return as_moment(local, zone, text)


def refuse_year_beyond(year: int, written: str) -> None:
    """Raises CellRefused for a year no case is of."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise CellRefused(
            _("The year lies outside %(first)s to %(last)s.") % {"first": FIRST_YEAR, "last": LAST_YEAR},
            _("Correct the year."),
            written,
        )


def existing(year: int, month: int, day: int, hour: int, minute: int) -> datetime | None:
    """The naive local time, or None where the calendar or the clock has none."""
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001  its zone is given by as_moment
    except ValueError:
        return None


def as_moment(local: datetime, zone: tzinfo, written: str) -> datetime:
    """A naive local time as a moment; refused where the clocks were put forward past it."""
    moment = local.replace(tzinfo=zone)
    try:
        exists = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    except OverflowError:
        exists = False
    if not exists:
        raise CellRefused(_("There is no such time in the time zone of the sheet."), _REMEDY, written)
    return moment
