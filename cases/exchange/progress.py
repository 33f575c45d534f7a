"""
处理进展: key points written into one cell, taken apart so that the cell can be rebuilt exactly. Pure.

A key point is ``HH:MM text``, ``MM-DD HH:MM text`` or ``YYYY-MM-DD HH:MM text``; between them stand
semicolons, half or full width, or line breaks. A time without a date is on the day of the key point
before it, the first on the day of the intake; a day without a year is the first such day from the day of
the intake on; a segment without a time happened when the one before it did. On the day of the intake a
key point may be earlier than the intake: sheets of real service desks have such, work that began before
the record was opened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.exchange.moments import as_moment, existing
from cases.problems import CellRefused
from cases.record_sheet import KeyPoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

_SEPARATORS = re.compile(r"([;；\r\n]+)")
_TIME = re.compile(
    r"\s*(?:(?:([0-9]{4})[-/])?([0-9]{1,2})[-/]([0-9]{1,2})\s+)?([0-9]{1,2})[:：]([0-9]{2})(?![0-9])"
)


def read_key_points(cell: str, received_at: datetime, zone: tzinfo) -> tuple[KeyPoint, ...]:
    """The key points of a cell in written order; raises CellRefused. ``received_at`` is aware."""
    intake = received_at.astimezone(zone).replace(tzinfo=None)
    previous = intake
    points = []
    for joint, written in _segments(cell):
        match = _TIME.match(written)
        if match:
            previous = _moment_of(match, intake, previous, written)
        text = written[match.end() :] if match else written
        at = as_moment(previous, zone, written)
        points.append(KeyPoint(at, text.strip(" \t\r\n;；:：\u3000"), written, joint))
    if cell.strip() and not points:
        raise CellRefused(
            _("There is nothing between the separators."), _("Write a key point or leave it empty.")
        )
    return tuple(points)


def _segments(cell: str) -> Iterator[tuple[str, str]]:
    """(joint before it, segment) pairs that joined give the cell again."""
    pairs: list[tuple[str, str]] = []
    joint = ""
    for position, part in enumerate(_SEPARATORS.split(cell)):
        if position % 2 == 0 and part.strip():
            pairs.append((joint, part))
            joint = ""
        else:
            joint += part
    if pairs and joint:
        before, last = pairs[-1]
        pairs[-1] = (before, last + joint)
    yield from pairs


def _moment_of(match: re.Match[str], intake: datetime, previous: datetime, written: str) -> datetime:
    """The local time a match stands for; raises CellRefused for none from the day of the intake on."""
    days = _days_of(match, intake, previous)
    moments = [m for day in days if (m := existing(*day, int(match[4]), int(match[5]))) is not None]
    if not moments:
        raise CellRefused(_("There is no such day or time."), _("Correct the date or the time."), written)
    for moment in moments:
        if moment.date() >= intake.date():
            return moment
    raise CellRefused(_("The key point lies before the day of the intake."), _("Correct its date."), written)


def _days_of(match: re.Match[str], intake: datetime, previous: datetime) -> list[tuple[int, int, int]]:
    """The days (year, month, day) a match may stand for, earliest first; none of them need exist."""
    if match[2] is None:
        return [(previous.year, previous.month, previous.day)]
    years = [int(match[1])] if match[1] else [intake.year, intake.year + 1]
    return [(year, int(match[2]), int(match[3])) for year in years]
