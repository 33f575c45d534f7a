"""
Walks the XML inside an XLSX file without building it, and refuses what must not reach the reader.

Counts elements, rows, columns and characters, so that reading afterwards is known to stay small; collects the
formulas, errors and merged cells with their places. No document type is let in, so there are no entities
to expand and nothing to fetch.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING
from xml.parsers import expat

from django.utils.translation import gettext_lazy as _

from cases.exchange.limits import MAX_CELL, MAX_COLUMNS, MAX_ELEMENTS, MAX_ROWS, MAX_TEXT
from cases.exchange.sheet import too_many_columns, too_many_rows
from cases.problems import Problems, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?<[^\0]")  # UTF-8; in UTF-16 a zero byte follows
_ROW = re.compile(r"[1-9][0-9]{0,6}")
_LONGEST_TOKEN = 1024 * 1024  # bytes the parser may hold back while waiting for the end of a tag
_RESAVE = _("Open the file, copy the values into a new workbook and save that.")
Attributes = dict[str, str]


def damaged(detail: str) -> Exception:
    return refusal(_("The file is damaged (%(detail)s).") % {"detail": detail}, _RESAVE)


def too_large() -> Exception:
    return refusal(_("The file holds too much to be a record sheet."), _("Divide it into several files."))


class Workbook:
    """What all parts of one file add up to."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.sheets_with_values = 0
        self.strings: array[int] | None = None  # length of each shared string
        self._elements = 0
        self._characters = 0

    def count_element(self) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise too_large()

    def count_characters(self, count: int) -> None:
        self._characters += count
        if self._characters > MAX_TEXT:
            raise too_large()

    def length_of_string(self, index: str) -> int:
        try:
            return (self.strings or array("L"))[int(index) if index.isdecimal() else -1]
        except IndexError:
            raise damaged(f"shared string {index[:20]}") from None


def scan_part(name: str, chunks: Iterable[bytes], workbook: Workbook) -> None:
    """Walk one part; raises SheetRefused, or adds to ``workbook.problems`` what has a place in a cell."""
    walk = _PartWalk(name, workbook)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.XmlDeclHandler = _only_utf8
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    fed = 0
    try:
        for chunk in chunks:
            if not fed and not _BEGINNING.match(chunk):
                raise damaged(name)
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise too_large()
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        raise damaged(f"{name}: {error}") from None


def _refuse_document_type(*_declaration: object) -> None:
    raise refusal(_("The file declares a document type, which no spreadsheet does."), _RESAVE)


def _only_utf8(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise damaged(f"encoding {encoding[:20]}")


class _PartWalk:
    """Follows one part; the handlers are called for every element, so they do little."""

    def __init__(self, name: str, workbook: Workbook) -> None:
        self.name = name
        self.workbook = workbook
        self.row = 0
        self.row_is_given = False
        self.column = 0
        self.in_cells = False
        self.has_values = False
        self.cell_type = ""
        self.collected: list[str] | None = None
        self._starts: dict[str, Callable[[Attributes], None]] = {
            "sst": self._start_strings,
            "si": self._start_text,
            "sheetData": self._start_cells,
            "row": self._start_row,
            "c": self._start_cell,
            "v": self._start_text,
            "is": self._start_text,
            "f": self._start_text,
            "mergeCell": self._merged,
        }
        self._ends: dict[str, Callable[[str], None]] = {
            "si": self._end_string,
            "v": self._end_value,
            "is": self._end_value,
            "f": self._end_formula,
        }

    def start(self, tag: str, attributes: Attributes) -> None:
        self.workbook.count_element()
        handle = self._starts.get(tag.rpartition(":")[2] if ":" in tag else tag)
        if handle:
            handle(attributes)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2] if ":" in tag else tag
        if name == "sheetData":
            self.in_cells = False
            self.workbook.sheets_with_values += self.has_values
        handle = self._ends.get(name)
        if handle and self.collected is not None:
            text = "".join(self.collected)
            self.collected = None
            handle(text)

    def text(self, data: str) -> None:
        if self.collected is not None:
            self.collected.append(data)
            self.workbook.count_characters(len(data))

    def _start_text(self, _attributes: Attributes) -> None:
        if self.collected is not None:
            raise damaged(self.name)
        if self.in_cells or self.workbook.strings is not None:
            self.collected = []

    def _start_strings(self, _attributes: Attributes) -> None:
        if self.workbook.strings is not None or self.name.lower() != "xl/sharedstrings.xml":
            raise damaged(self.name)
        self.workbook.strings = array("L")

    def _end_string(self, text: str) -> None:
        if self.workbook.strings is not None:
            self.workbook.strings.append(len(text))

    def _start_cells(self, _attributes: Attributes) -> None:
        self.in_cells = True

    def _start_row(self, attributes: Attributes) -> None:
        number = attributes.get("r")
        if number is not None and not _ROW.fullmatch(number):
            raise damaged(f"{self.name}: row {number[:20]}")
        self.row = int(number) if number else self.row + 1
        self.row_is_given = number is not None
        self.column = 0

    def _start_cell(self, attributes: Attributes) -> None:
        if not self.in_cells:
            return
        self.cell_type = attributes.get("t", "n")
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if not match or (self.row_is_given and int(match[2]) != self.row):
            raise damaged(f"{self.name}: cell {reference[:20]}")
        self.column = _column_number(match[1])
        self.row = int(match[2])

    def _end_value(self, text: str) -> None:
        if not self.in_cells:
            return
        self.has_values = True
        if self.column > MAX_COLUMNS:
            raise too_many_columns(self.column, self.row)
        if self.row > MAX_ROWS + 1:
            raise too_many_rows(self.row)
        if self.cell_type == "s":
            length = self.workbook.length_of_string(text.strip())
            self.workbook.count_characters(length)
            if length > MAX_CELL:
                self._problem(_("The cell is too long."), _("Shorten it."))
        elif self.cell_type == "e":
            self._problem(_("The cell holds an error."), _("Write the value that is meant."), text)

    def _end_formula(self, text: str) -> None:
        if self.in_cells:
            self._problem(
                _("The cell is a formula."),
                _("Replace it by its value (copy, paste special, values)."),
                f"={text}",
            )

    def _merged(self, attributes: Attributes) -> None:
        self.workbook.problems.add(
            _("Cells are merged."),
            _("Unmerge them and write the value into each cell."),
            value=attributes.get("ref", ""),
        )

    def _problem(self, reason: object, remedy: object, value: str = "") -> None:
        self.workbook.problems.add(
            str(reason), str(remedy), line=self.row, column=_column_letters(self.column), value=value
        )


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _column_letters(number: int) -> str:
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
