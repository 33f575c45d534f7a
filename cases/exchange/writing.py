"""Writes record sheets as they are produced: memory does not grow with the number of rows."""

from __future__ import annotations

import csv
import io
from typing import IO, TYPE_CHECKING

import xlsxwriter
from django.utils.translation import gettext_lazy as _

from cases.exceptions import CaseError
from cases.exchange.formulas import could_be_formula, escape_formula
from cases.exchange.limits import MAX_CELL
from cases.record_sheet import COLUMNS, Cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROWS_OF_A_SHEET = 1_048_576  # of an XLSX worksheet, header included
SHEET_NAME = "服务记录"


def write_csv(rows: Iterable[Sequence[str]], out: IO[bytes], *, columns: Sequence[str] = COLUMNS) -> int:
    """
    UTF-8 with a byte order mark and CRLF, as office programs open it at once; returns the number of rows.

    Texts a spreadsheet might run get an apostrophe in front (``cases.exchange.formulas``).
    """
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([escape_formula(cell) for cell in row])
        count += 1
    text.flush()
    text.detach()
    return count


def write_xlsx(rows: Iterable[Cells], out: IO[bytes], *, rows_of_a_sheet: int = ROWS_OF_A_SHEET) -> int:
    """
    Text cells only, further sheets where one is full; returns the number of rows.

    Raises CaseError for a text longer than a cell of XLSX can hold.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    count = 0
    with xlsxwriter.Workbook(out, options) as workbook:
        quoted = workbook.add_format({"quote_prefix": True})
        sheet, position = _new_sheet(workbook), 1
        for row in rows:
            if position >= rows_of_a_sheet:
                sheet, position = _new_sheet(workbook), 1
            _write_row(sheet, position, row, quoted)
            position += 1
            count += 1
    return count


def _new_sheet(workbook: xlsxwriter.Workbook) -> Worksheet:
    number = len(workbook.worksheets()) + 1
    sheet = workbook.add_worksheet(SHEET_NAME if number == 1 else f"{SHEET_NAME} {number}")
    for position, title in enumerate(COLUMNS):
        sheet.write_string(0, position, title)
    return sheet


def _write_row(sheet: Worksheet, position: int, row: Cells, quoted: Format) -> None:
    for column, cell in enumerate(row):
        if not cell:
            continue
        if len(cell) > MAX_CELL:
            raise CaseError(
                _("“%(column)s” of case %(number)s is too long for a cell of XLSX. Export as CSV instead.")
                % {"column": COLUMNS[column], "number": row[0]}
            )
        # quotePrefix keeps a text a text even when somebody edits the cell and leaves it again.
        sheet.write_string(position, column, cell, quoted if could_be_formula(cell) else None)
