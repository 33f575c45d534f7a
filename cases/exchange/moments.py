"""Local times of the sheet and the moments they stand for. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.problems import CellRefused

if TYPE_CHECKING:
    from datetime import tzinfo

_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2})")
_REMEDY = _("Write it like 2024-10-01 09:30.")


def read_moment(text: str, zone: tzinfo) -> datetime:
    """``YYYY-MM-DD HH:MM`` in the zone of the sheet, as an aware moment; raises CellRefused."""
    match = _MOMENT.fullmatch(text)
    if not match:
        raise CellRefused(_("This is no date with a time."), _REMEDY)
    local = existing(*map(int, match.groups()))
    if local is None:
        raise CellRefused(_("There is no such day or time."), _REMEDY)
    return as_moment(local, zone, text)


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
