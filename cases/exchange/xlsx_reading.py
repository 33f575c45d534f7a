"""
Reads XLSX: first the archive is checked and every XML part walked, then python-calamine reads the cells.

The walk comes first because the reader unpacks whole parts into memory and allots a rectangle from the first
to the last cell: one cell in the far corner of a 10-kB file would ask for hundreds of gigabytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from cases.archives import BROKEN_ARCHIVE, is_plainly_packed
from cases.exchange.limits import MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED_BYTES
from cases.exchange.sheet import check_rows
from cases.exchange.xlsx_parts import Workbook, damaged, scan_part, too_large
from cases.problems import refusal
from cases.record_sheet import COLUMNS, MOMENT_FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cases.exchange.sheet import SheetRow

    Value = str | float | bool | date | time | timedelta

ARCHIVE = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0"  # the container of .xls and of encrypted .xlsx
_CHUNK = 64 * 1024
_CELLS = re.compile(rb"s\0?h\0?e\0?e\0?t\0?D\0?a\0?t\0?a")
_XML = (".xml", ".rels", ".vml")
_LARGEST_EXACT = 2**53  # beyond it a number of a spreadsheet has lost digits


def read_xlsx(content: bytes) -> tuple[list[SheetRow], list[str]]:
    """The rows of the first visible sheet and remarks about what was left out; raises SheetRefused."""
    workbook = check_archive(content)
    workbook.problems.refuse_if_any()
    try:
        name, cells = _first_sheet(content)
    except (CalamineError, OSError, ValueError) as error:
        raise damaged(str(error)) from None
    rows = check_rows((line, _texts(line, row)) for line, row in enumerate(cells, start=1))
    remarks = []
    if workbook.sheets_with_values > 1:
        remarks.append(
            _("Only the sheet “%(name)s” was read; the other sheets were left out.") % {"name": name}
        )
    return rows, remarks


def check_archive(content: bytes) -> Workbook:
    """Walk everything in the file; raises SheetRefused for what is no plain, moderate workbook."""
    if content.startswith(COMPOUND):
        raise refusal(
            _("The file is encrypted, or an old .xls under another name."),
            _("Save it without a password as .xlsx or CSV."),
        )
    if not content.startswith(ARCHIVE):
        raise refusal(
            _("The file is no XLSX workbook, whatever its name says."), _("Save it as .xlsx or CSV.")
        )
    workbook = Workbook()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, len(content))
            budget = _Budget(len(content))
            for entry in sorted(entries, key=lambda entry: "sharedstrings" not in entry.filename.lower()):
                _check_entry(archive, entry, budget, workbook)
    except BROKEN_ARCHIVE as error:
        raise damaged(str(error)) from None
    return workbook


class _Budget:
    """Unpacked bytes, counted as they come and not as the archive declares them."""

    def __init__(self, packed: int) -> None:
        self._left = min(MAX_UNPACKED_BYTES, packed * MAX_RATIO)

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise refusal(
                _("The file unpacks to more than %(megabytes)s MB or %(ratio)s times its size.")
                % {"megabytes": MAX_UNPACKED_BYTES // 2**20, "ratio": MAX_RATIO},
                _("Divide it into several files, or save it as CSV."),
            )


def _check_entries(entries: Sequence[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > MAX_ENTRIES:
        raise too_large()
    if not is_plainly_packed(entries):
        raise refusal(
            _("The file is packed in a way that no spreadsheet program uses."),
            _("Open it in a spreadsheet program, save it as .xlsx and try again."),
        )
    _check_names([entry.filename.lower().lstrip("/") for entry in entries])
    _Budget(packed).spend(sum(entry.file_size for entry in entries))


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise damaged("two parts of one name")
    if any("vbaproject" in name or "macrosheets/" in name for name in names):
        raise refusal(_("The file contains macros."), _("Save it as .xlsx without macros."))


def _check_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget, workbook: Workbook
) -> None:
    if entry.flag_bits & 1:
        raise refusal(_("The file is encrypted."), _("Save it without a password."))
    if entry.filename.lower().endswith(_XML):
        scan_part(entry.filename, _chunks(archive, entry, budget), workbook)
        return
    before = b""
    for chunk in _chunks(archive, entry, budget):
        if not before and chunk.startswith((ARCHIVE, COMPOUND)):
            raise refusal(
                _("The file contains another file."), _("Remove embedded objects."), value=entry.filename
            )
        if _CELLS.search(before + chunk):
            raise damaged(entry.filename)  # a sheet that hides from the walk
        before = chunk[-32:]


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget) -> Iterator[bytes]:
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            budget.spend(len(chunk))
            yield chunk


def _first_sheet(content: bytes) -> tuple[str, list[list[Value]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for sheet in book.sheets_metadata:
        if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible:
            return sheet.name, book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
    raise refusal(_("The workbook has no visible sheet."), _("Put the records on the first sheet."))


def _texts(line: int, row: list[Value]) -> list[str]:
    """At least thirteen: a sheet may end before its last columns where nothing is written in them."""
    try:
        texts = [cell if isinstance(cell, str) else _cell_text(cell) for cell in row]
    except OverflowError:
        raise refusal(
            _("A number of this row is so long that the spreadsheet has lost its last digits."),
            _("Format the column as text and write it again."),
            line=line,
        ) from None
    return texts + [""] * (len(COLUMNS) - len(texts))


def _cell_text(value: Value) -> str:
    """What the sheet shows: moments to the minute, whole numbers without a point or an exponent."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        # A spreadsheet keeps days as fractions: 09:30 may come back some microseconds early.
        return (value + timedelta(milliseconds=500)).strftime(MOMENT_FORMAT)
    if isinstance(value, date):  # so the reader gives midnight back
        return f"{value:%Y-%m-%d} 00:00"
    if isinstance(value, int | float):
        return _number_text(value)
    return str(value)


def _number_text(value: float) -> str:
    if abs(value) > _LARGEST_EXACT:
        raise OverflowError(value)
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")
