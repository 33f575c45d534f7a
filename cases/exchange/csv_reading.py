"""Reads CSV: finds the encoding and the delimiter, and keeps every character of a cell."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.exchange.formulas import is_formula, unescape_formula
from cases.exchange.limits import MAX_CELL
from cases.exchange.sheet import check_rows
from cases.problems import Problems, refusal
from cases.record_sheet import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cases.exchange.sheet import SheetRow

# What office programs of the region write; UTF-8 is tried first because it is hardly ever right by chance.
_WITHOUT_MARK = ("utf-8", "gb18030")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS = (",", "\t", ";")
_SAVE_AS = _("Save the file as “CSV UTF-8” and try again.")


def read_csv(content: bytes) -> list[SheetRow]:
    """Raises SheetRefused. An apostrophe that export put before a risky text is taken off."""
    text = _decoded(content)
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=header.count)
    rows = check_rows(_records(text, delimiter))
    _refuse_formulas(rows)
    return [row_without_apostrophes(row) for row in rows]


def _decoded(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decode(content[len(mark) :], [encoding], offset=len(mark))
    return _decode(content, _WITHOUT_MARK)


def _decode(content: bytes, encodings: Sequence[str], offset: int = 0) -> str:
    """The text in the first encoding that fits; otherwise says where the first one stopped fitting."""
    if b"\0" in content and encodings[0] == "utf-8":
        raise _undecodable(content, content.index(b"\0"), offset)
    first_error: UnicodeDecodeError | None = None
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            first_error = first_error or error
    raise _undecodable(content, first_error.start if first_error else 0, offset)


def _undecodable(content: bytes, position: int, offset: int) -> Exception:
    reason = _("The byte at position %(position)s is no text: 0x%(byte)s.") % {
        "position": position + offset + 1,
        "byte": content[position : position + 1].hex().upper(),
    }
    return refusal(reason, _SAVE_AS, line=content.count(b"\n", 0, position) + 1)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Every record with the line it begins on."""
    csv.field_size_limit(4 * MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        reason = _("The quotes of this row do not match, or a cell is far too long (%(error)s).") % {
            "error": error
        }
        remedy = _("Double every quote inside a quoted cell and close each quoted cell.")
        raise refusal(reason, remedy, line=line) from None


def _refuse_formulas(rows: Sequence[SheetRow]) -> None:
    problems = Problems()
    for row in rows:
        for name, cell in zip(COLUMNS, row.cells, strict=True):
            if is_formula(cell):
                problems.add(
                    _("The cell is a formula."),
                    _("Write an apostrophe in front if it is meant as a text."),
                    line=row.line,
                    column=name,
                    value=cell,
                )
    problems.refuse_if_any()


def row_without_apostrophes(row: SheetRow) -> SheetRow:
    return type(row)(row.line, tuple(unescape_formula(cell) for cell in row.cells))
