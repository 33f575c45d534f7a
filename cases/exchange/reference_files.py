"""
The files of reference data: CSV and XLSX whose cells stay text, and the private place an upload waits in.

django-import-export drives the import; its own formats would run formulas, unpack bombs and leave an
upload nobody confirmed on the disk.
"""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import tablib
import xlsxwriter
from django.utils.translation import gettext_lazy as _
from import_export.formats.base_formats import CSV, XLSX
from import_export.tmp_storages import MediaStorage

from cases.exceptions import CaseError
from cases.exchange.formulas import could_be_formula, escape_formula, unescape_formula
from cases.exchange.limits import MAX_CELL, MAX_COLUMNS, MAX_ROWS
from cases.exchange.xlsx_reading import check_archive

KEPT_SECONDS = 60 * 60


def texts(row: Any) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def decoded(content: bytes) -> str:
    """UTF-8, or what office programs of the region write; raises UnicodeDecodeError when it is neither."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def refuse_too_much(dataset: tablib.Dataset) -> tablib.Dataset:
    """Raises CaseError; the limits are those of record sheets."""
    if dataset.width > MAX_COLUMNS or dataset.height > MAX_ROWS:
        raise CaseError(
            _("The file has more than %(rows)s rows or %(columns)s columns. Divide it.")
            % {"rows": MAX_ROWS, "columns": MAX_COLUMNS}
        )
    return dataset


class TextCsv(CSV):
    """UTF-8 with a byte order mark; texts that a spreadsheet might run carry an apostrophe."""

    def create_dataset(self, in_stream: bytes | str, **kwargs: Any) -> tablib.Dataset:
        text = decoded(in_stream) if isinstance(in_stream, bytes) else in_stream
        rows = csv.reader(io.StringIO(text, newline=""))
        header = next(rows, [])
        dataset = tablib.Dataset(headers=[name.strip() for name in header])
        for cells in rows:
            if any(cells):
                padded = [*cells, *[""] * (len(header) - len(cells))]
                dataset.append([unescape_formula(cell) for cell in padded])
        return refuse_too_much(dataset)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(dataset.headers)
        writer.writerows([escape_formula(cell) for cell in texts(row)] for row in dataset)
        return out.getvalue().encode("utf-8-sig")


class TextXlsx(XLSX):
    """Every cell is a text, marked as one where a spreadsheet might take it for something else."""

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        check_archive(in_stream).problems.refuse_if_any()
        read = super().create_dataset(in_stream)
        dataset = tablib.Dataset(headers=texts(read.headers or []))
        for row in read:
            if any(cell is not None for cell in row):
                dataset.append(texts(row))
        return refuse_too_much(dataset)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        out = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(out, options) as workbook:
            quoted = workbook.add_format({"quote_prefix": True})
            sheet = workbook.add_worksheet()
            for position, row in enumerate([dataset.headers, *map(texts, dataset)]):
                for column, cell in enumerate(row):
                    sheet.write_string(
                        position, column, cell[:MAX_CELL], quoted if could_be_formula(cell) else None
                    )
        return out.getvalue()


class PrivateWaitingRoom(MediaStorage):
    """Uploads waiting for their confirmation, below VAR_DIR; what nobody confirmed in an hour goes."""

    def save(self, data: bytes) -> None:
        self.remove_forgotten()
        super().save(data)

    def remove_forgotten(self) -> None:
        folder = Path(self._storage.path(self.MEDIA_FOLDER))
        for path in folder.glob("*"):
            if path.stat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink(missing_ok=True)
