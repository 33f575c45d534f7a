"""Understands the rows of a record sheet: typed values, or a problem for every cell that is wrong. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from cases.choices import CaseType, Confirmation, Urgency
from cases.exchange.limits import MAX_KEY_POINTS, MAX_KEY_POINTS_OF_CELL
from cases.exchange.moments import FIRST_YEAR, read_moment
from cases.exchange.progress import most_key_points, read_key_points
from cases.problems import CellRefused, Problems, refusal
from cases.record_sheet import (
    COLUMNS,
    CONFIRMATION_WORDS,
    TYPE_WORDS,
    URGENCY_WORDS,
    Cells,
    Column,
    KeyPoint,
    RecordRow,
    moment_words,
    subject_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo

    from django.db.models import TextChoices

    from cases.exchange.sheet import SheetRow

T = TypeVar("T")

_NUMBER = re.compile(r"CS([0-9]{4})([0-9]{2})([0-9]{2})[0-9]{3,6}")  # a million a day
_CUSTOMER = re.compile(r"C[0-9]{1,18}")
_LONGEST_NAME = 80  # of a handler or a topic, as the database keeps them
# A clock that runs ahead on another machine, or a zone taken for another, is no case of tomorrow.
_FUTURE = timedelta(days=1)
# Free texts come back letter for letter; blanks around all other values mean nothing.
_FREE_TEXTS = (Column.DESCRIPTION, Column.PROGRESS, Column.RESULT, Column.REMARK)
_MOMENTS = (Column.RECEIVED, Column.FIRST_RESPONSE)


def read_rows(rows: Iterable[SheetRow], *, zone: tzinfo, at: datetime) -> list[RecordRow]:
    """
    The rows, typed; raises SheetRefused with every cell that is wrong.

    ``zone`` is the zone of the local times in the sheet, ``at`` the present moment.
    """
    problems = Problems()
    reader = _RowReader(zone, at, problems)
    understood = [record for row in rows if (record := reader.read(row))]
    problems.refuse_if_any()
    return understood


def remarks_about(rows: Iterable[SheetRow], records: Iterable[RecordRow]) -> list[str]:
    """What reading has made other than it was written, although nothing was wrong with it."""
    lines = [
        row.line
        for row, record in zip(rows, records, strict=True)
        if any(row.cells[column].strip() != record.cells[column] for column in _MOMENTS)
    ]
    if not lines:
        return []
    remark = _(
        "%(count)s rows, the first in line %(line)s, have times in another form; they are kept like"
        " 2024-10-01 09:30, without seconds."
    )
    return [remark % {"count": len(lines), "line": lines[0]}]


class _Words:
    """The words of one column, with the English labels beside them."""

    def __init__(self, choices: type[TextChoices], chinese: Mapping[str, str]) -> None:
        with override("en"):
            english = {str(choice.label).lower(): str(choice.value) for choice in choices}
        self._values = english | {word: value for value, word in chinese.items() if word}
        # The longest first: "After-sales" has a dash of its own.
        known = "|".join(re.escape(word) for word in sorted(self._values, key=len, reverse=True))
        self._with_more = re.compile(rf"({known})\s*(?:-(.*))?", re.IGNORECASE | re.DOTALL)
        self._remedy = _("Write one of: %(words)s") % {"words": ", ".join(filter(None, chinese.values()))}

    def value_of(self, word: str) -> str:
        value = self._values.get(word) or self._values.get(word.lower())
        if value is None:
            raise CellRefused(_("The record sheet does not know this word."), self._remedy, word)
        return value

    def value_and_more(self, cell: str) -> tuple[str, str]:
        """The value of the word a cell begins with, and what stands behind the dash after it."""
        match = self._with_more.fullmatch(cell)
        if match:
            return self.value_of(match[1]), (match[2] or "").strip()
        return self.value_of(cell.partition("-")[0].strip()), ""


class _CellReader:
    """Reads the cells of one row; a cell that is refused becomes a problem and counts as its default."""

    def __init__(self, row: SheetRow, problems: Problems) -> None:
        self.texts = [cell.strip() for cell in row.cells]
        for column in _FREE_TEXTS:
            self.texts[column] = row.cells[column]
        self.is_right = True
        self._line = row.line
        self._problems = problems

    def value(self, column: Column, parse: Callable[[str], T], default: T) -> T:
        cell = self.texts[column]
        try:
            return parse(cell)
        except CellRefused as refused:
            self.is_right = False
            self._problems.add(
                refused.reason,
                refused.remedy,
                line=self._line,
                column=COLUMNS[column],
                value=cell if refused.value is None else refused.value,
            )
            return default


class _RowReader:
    """Reads row after row of one file; remembers the numbers it has met."""

    def __init__(self, zone: tzinfo, at: datetime, problems: Problems) -> None:
        self._zone = zone
        self._at = at
        self._problems = problems
        self._line_of: dict[str, int] = {}
        self._key_points_left = MAX_KEY_POINTS
        self._types = _Words(CaseType, TYPE_WORDS)
        self._urgencies = _Words(Urgency, URGENCY_WORDS)
        self._confirmations = _Words(Confirmation, CONFIRMATION_WORDS)

    def read(self, row: SheetRow) -> RecordRow | None:
        """The row, or None after at least one problem was noted."""
        cells = _CellReader(row, self._problems)
        type, topic = cells.value(Column.TYPE, self._subject, ("", ""))
        received_at, first_response_at, key_points = self._times(cells)
        record = RecordRow(
            line=row.line,
            cells=row.cells,
            number=cells.value(Column.NUMBER, lambda cell: self._number(cell, row.line), ""),
            customer=cells.value(Column.CUSTOMER, _customer, ""),
            type=type,
            topic=topic,
            description=cells.value(Column.DESCRIPTION, _description, ""),
            urgency=cells.value(Column.URGENCY, self._urgencies.value_of, ""),
            received_at=received_at,
            first_response_at=first_response_at,
            handler=cells.value(Column.HANDLER, _name, ""),
            key_points=key_points,
            result=cells.texts[Column.RESULT],
            confirmation=cells.value(Column.CONFIRMATION, self._confirmation, ""),
            score=cells.value(Column.SCORE, _score, None),
            remark=cells.texts[Column.REMARK],
        )
        cells.value(Column.CONFIRMATION, lambda cell: _check_closing(record), None)
        return self._with_canonical_cells(record, cells) if cells.is_right else None

    def _times(self, cells: _CellReader) -> tuple[datetime, datetime | None, tuple[KeyPoint, ...]]:
        """Intake, first response, key points; the later two mean nothing while the first is wrong."""
        received_at = cells.value(Column.RECEIVED, self._moment, None)
        if received_at is None:
            return self._at, None, ()
        return (
            received_at,
            cells.value(Column.FIRST_RESPONSE, lambda cell: self._response(cell, received_at), None),
            cells.value(Column.PROGRESS, lambda cell: self._key_points(cell, received_at), ()),
        )

    def _number(self, cell: str, line: int) -> str:
        match = _NUMBER.fullmatch(cell)
        if not match or not _is_day(*(int(part) for part in match.groups())):
            raise CellRefused(
                _("This is no case number."),
                _("Write CS, the day, and a counter of at least three digits, like CS20241001001."),
            )
        first = self._line_of.setdefault(cell, line)
        if first != line:
            raise CellRefused(
                _("The number stands in line %(line)s already.") % {"line": first},
                _("Keep one of the two rows."),
            )
        return cell

    def _subject(self, cell: str) -> tuple[str, str]:
        type, topic = self._types.value_and_more(cell)
        return type, _name(topic)

    def _moment(self, cell: str) -> datetime | None:
        moment = read_moment(cell, self._zone)
        if moment > self._at + _FUTURE:
            raise CellRefused(_("This moment lies in the future."), _("Correct the date."))
        return moment

    def _response(self, cell: str, received_at: datetime) -> datetime | None:
        if not cell:
            return None
        moment = self._moment(cell)
        if moment and moment < received_at:
            raise CellRefused(
                _("The first response lies before the intake."), _("Correct one of the two times."), cell
            )
        return moment

    def _key_points(self, cell: str, received_at: datetime) -> tuple[KeyPoint, ...]:
        self._refuse_too_many(most_key_points(cell))
        points = read_key_points(cell, received_at, self._zone)
        for point in points:
            if point.at > self._at + _FUTURE:
                raise CellRefused(_("This moment lies in the future."), _("Correct the date."), point.written)
        return points

    def _refuse_too_many(self, key_points: int) -> None:
        """Before any is made of its text: a few kilobytes of separators are a million key points."""
        if key_points > MAX_KEY_POINTS_OF_CELL:
            raise CellRefused(
                _("The cell has more than %(limit)s key points.") % {"limit": MAX_KEY_POINTS_OF_CELL},
                _("Keep the ones that matter."),
            )
        self._key_points_left -= key_points
        if self._key_points_left < 0:
            raise refusal(
                _("The file has more than %(limit)s key points.") % {"limit": MAX_KEY_POINTS},
                _("Divide it into several files."),
            )

    def _confirmation(self, cell: str) -> str:
        return self._confirmations.value_of(cell) if cell else ""

    def _with_canonical_cells(self, record: RecordRow, reader: _CellReader) -> RecordRow:
        """The row with its cells as an export gives them: Chinese words, no blanks around values."""
        texts = reader.texts
        texts[Column.TYPE] = subject_words(record.type, record.topic)
        texts[Column.URGENCY] = URGENCY_WORDS[record.urgency]
        texts[Column.RECEIVED] = moment_words(record.received_at, self._zone)
        texts[Column.FIRST_RESPONSE] = moment_words(record.first_response_at, self._zone)
        texts[Column.CONFIRMATION] = CONFIRMATION_WORDS[record.confirmation]
        if not record.key_points:
            texts[Column.PROGRESS] = ""
        cells: Cells = tuple(texts)
        return record if cells == record.cells else replace(record, cells=cells)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        return date(year, month, day).year >= FIRST_YEAR
    except ValueError:
        return False


def _customer(cell: str) -> str:
    if not _CUSTOMER.fullmatch(cell):
        raise CellRefused(_("This is no customer number."), _("Write C and digits, like C1001."))
    return cell


def _description(cell: str) -> str:
    if not cell.strip():
        raise CellRefused(
            _("The description is missing."), _("Write in a few words what the customer wants.")
        )
    return cell


def _name(text: str) -> str:
    if len(text) > _LONGEST_NAME:
        raise CellRefused(
            _("The name is longer than %(limit)s characters.") % {"limit": _LONGEST_NAME}, _("Shorten it.")
        )
    return text


def _score(cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[1-5]", cell):
        raise CellRefused(_("This is no score."), _("Write a whole number from 1 to 5, or leave it empty."))
    return int(cell)


def _check_closing(record: RecordRow) -> None:
    """What the customer said, the score and the result must not contradict each other."""
    confirmation, score = record.confirmation, record.score
    if confirmation == Confirmation.SATISFIED and score is not None and score <= 2:
        raise CellRefused(
            _("A customer who gave a score of 1 or 2 was not satisfied."),
            _("Correct the score or the confirmation."),
        )
    if confirmation in (Confirmation.PENDING, Confirmation.UNANSWERED) and score is not None:
        raise CellRefused(
            _("There is a score although the customer has not answered."),
            _("Correct the score or the confirmation."),
        )
    if confirmation == Confirmation.PENDING and not record.result.strip():
        raise CellRefused(
            _("There is no result that the customer could confirm."),
            _("Write the result, or leave the confirmation empty."),
        )
