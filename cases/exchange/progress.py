"""
处理进展: key points written into one cell, taken apart so that the cell can be rebuilt exactly. Pure.

A key point is ``HH:MM text``, ``MM-DD HH:MM text`` or ``YYYY-MM-DD HH:MM text``; between them stand
semicolons, half or full width, or line breaks. A time without a date is on the day of the key point
before it, the first on the day of the intake – or on the next day where it would be more than twelve hours
earlier: the night shift writes 00:10 after 23:50. A day without a year is the first such day from the day of
the intake on; a segment without a time happened when the one before it did, and what looks like a time but
cannot be one (24:00前送达) is text. On the day of the intake a key point may be earlier than the intake:
sheets of real service desks have such, work that began before the record was opened.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.exchange.moments import as_moment, existing, refuse_year_beyond
from cases.problems import CellRefused
from cases.record_sheet import AROUND_KEY_POINTS, KeyPoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

_SEPARATORS = re.compile(r"([;；\r\n]+)")
_TIME = re.compile(
    r"\s*(?:(?:([0-9]{4})[-/])?([0-9]{1,2})[-/]([0-9]{1,2})\s+)?([0-9]{1,2})[:：]([0-9]{2})(?![0-9])"
)
_NIGHT = timedelta(hours=12)


def most_key_points(cell: str) -> int:
    """No cell holds more key points than this; counted from the separators, which takes no memory."""
    return 1 + sum(1 for _separator in _SEPARATORS.finditer(cell)) if cell.strip() else 0


def read_key_points(cell: str, received_at: datetime, zone: tzinfo) -> tuple[KeyPoint, ...]:
    """The key points of a cell in written order; raises CellRefused. ``received_at`` is aware."""
    intake = received_at.astimezone(zone).replace(tzinfo=None)
    previous = intake
    points = []
    for joint, written in _segments(cell):
        match = _TIME.match(written)
        text = written
        if match and (moment := _moment_of(match, intake, previous, written)):
            previous = moment
            text = written[match.end() :]
        at = as_moment(previous, zone, written)
        points.append(KeyPoint(at, text.strip(AROUND_KEY_POINTS), written, joint))
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


def _moment_of(match: re.Match[str], intake: datetime, previous: datetime, written: str) -> datetime | None:
    """The local time a match stands for, None where it is none; CellRefused for an impossible full date."""
    if match[2] is None:
        return _undated(match, previous)
    if match[1]:
        refuse_year_beyond(int(match[1]), written)
    moments = _moments_from(match, intake)
    for moment in moments:
        if moment.date() >= intake.date():
            return moment
    if match[1] is None:
        return None
    if not moments:
        raise CellRefused(_("There is no such day or time."), _("Correct the date or the time."), written)
    raise CellRefused(_("The key point lies before the day of the intake."), _("Correct its date."), written)


def _undated(match: re.Match[str], previous: datetime) -> datetime | None:
    moment = existing(previous.year, previous.month, previous.day, int(match[4]), int(match[5]))
    if moment and previous - moment > _NIGHT:
        return moment + timedelta(days=1)
    return moment


def _moments_from(match: re.Match[str], intake: datetime) -> list[datetime]:
    """The existing times of a dated match, earliest first."""
    years = [int(match[1])] if match[1] else [intake.year, intake.year + 1]
    month, day, hour, minute = (int(match[position]) for position in (2, 3, 4, 5))
    return [moment for year in years if (moment := existing(year, month, day, hour, minute))]
