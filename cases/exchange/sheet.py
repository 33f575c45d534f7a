"""A record sheet as it was read from a file: rows of texts, not yet understood."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.exchange.limits import MAX_CELL, MAX_COLUMNS, MAX_ROWS
from cases.problems import Problems, refusal
from cases.record_sheet import COLUMNS, Cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ALLOWED_CONTROLS = "\t\n\r"
_ORDER = ", ".join(COLUMNS)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Thirteen texts and the line (CSV) or row (XLSX) where they begin, counted from 1."""

    line: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class Sheet:
    """``remarks`` say what of the file was left out; ``sha256`` is that of the whole file, in hexadecimal."""

    rows: list[SheetRow]
    sha256: str
    remarks: list[str] = field(default_factory=list)


def check_rows(records: Iterable[tuple[int, Sequence[str]]]) -> list[SheetRow]:
    """
    The rows below a right header, blank ones left out.

    Raises SheetRefused with every row that has another number of cells, a cell that is too long, or
    characters no text has.
    """
    found = iter(records)
    _pass_header(found)
    problems = Problems()
    rows: list[SheetRow] = []
    for line, cells in found:
        if not any(cell.strip() for cell in cells):
            continue
        cells = _without_blank_tail(cells)
        if len(rows) >= MAX_ROWS:
            raise too_many_rows(line)
        if _check_row(line, cells, problems):
            rows.append(SheetRow(line, tuple(cells)))
    problems.refuse_if_any()
    if not rows:
        raise refusal(_("There is no row below the header."), _("Add the records and try again."))
    return rows


def _without_blank_tail(cells: Sequence[str]) -> Sequence[str]:
    """Blank cells beyond the thirteenth are nobody's: a comma at the end, or the widest row of a sheet."""
    count = len(cells)
    while count > len(COLUMNS) and not cells[count - 1].strip():
        count -= 1
    return cells[:count]


def too_many_rows(line: int) -> Exception:
    return refusal(
        _("The file has more than %(limit)s rows.") % {"limit": MAX_ROWS},
        _("Divide it into several files."),
        line=line,
    )


def too_many_columns(count: int, line: int | None = None) -> Exception:
    return refusal(
        _("The file has %(count)s columns instead of thirteen.") % {"count": count},
        _("Leave exactly these: %(order)s") % {"order": _ORDER},
        line=line,
    )


def _pass_header(found: Iterator[tuple[int, Sequence[str]]]) -> None:
    """Leaves ``found`` behind the header, which must be right."""
    header = next(((line, cells) for line, cells in found if any(cells)), None)
    if header is None:
        raise refusal(_("The file is empty."), _("Its first line must name the thirteen columns."))
    _check_header(*header)


def _check_header(line: int, cells: Sequence[str]) -> None:
    """Full-width brackets and blanks around a name do not matter; anything else does."""
    if len(cells) > MAX_COLUMNS:
        raise too_many_columns(len(cells), line)
    given = [unicodedata.normalize("NFKC", cell).strip() for cell in cells]
    while given and not given[-1]:
        given.pop()
    if given == list(COLUMNS):
        return
    remedy = _("The columns must be exactly these, in this order: %(order)s") % {"order": _ORDER}
    problems = Problems()
    for name, reason in _faults_of_header(given):
        problems.add(reason, remedy, line=line, column=name)
    problems.refuse_if_any()
    raise refusal(_("The columns are in another order."), remedy, line=line)


def _faults_of_header(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in COLUMNS:
        if name not in given:
            yield name, str(_("The column is missing."))
    for name, count in Counter(given).items():
        if name not in COLUMNS:
            yield name, str(_("There is no such column in the record sheet."))
        elif count > 1:
            yield name, str(_("The column is there more than once."))


def _check_row(line: int, cells: Sequence[str], problems: Problems) -> bool:
    if len(cells) != len(COLUMNS):
        problems.add(
            _("The row has %(count)s cells instead of thirteen.") % {"count": len(cells)},
            _("Put texts that hold commas or line breaks between double quotes; add the missing cells."),
            line=line,
        )
        return False
    right = True
    for name, cell in zip(COLUMNS, cells, strict=True):
        if len(cell) > MAX_CELL:
            reason = _("The cell is longer than %(limit)s characters.") % {"limit": MAX_CELL}
            problems.add(reason, _("Shorten it."), line=line, column=name, value=cell)
            right = False
        elif not cell.isprintable() and (sign := _forbidden(cell)):
            reason = _("The cell holds the control character U+%(code)s.") % {"code": f"{ord(sign):04X}"}
            problems.add(reason, _("Delete it."), line=line, column=name, value=cell.replace(sign, "�"))
            right = False
    return right


def _forbidden(cell: str) -> str:
    """The first character that neither XML nor a database text can hold; '' when there is none."""
    for sign in cell:
        if (
            (sign < " " and sign not in _ALLOWED_CONTROLS)
            or "\ud800" <= sign <= "\udfff"
            or sign in "\ufffe\uffff"
        ):
            return sign
    return ""
