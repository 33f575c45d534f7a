"""Reads a record sheet, CSV or XLSX, from a file that nobody vouches for."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import IO

from django.utils.translation import gettext_lazy as _

from cases.exchange.csv_reading import read_csv
from cases.exchange.limits import MAX_FILE_BYTES
from cases.exchange.sheet import Sheet
from cases.exchange.xlsx_reading import ARCHIVE, COMPOUND, read_xlsx
from cases.problems import refusal

_MACRO_FORMATS = (".xlsm", ".xltm", ".xlsb", ".xlam")


def read_sheet(file: IO[bytes], name: str) -> Sheet:
    """
    The rows of a file, unchanged texts in the order of the thirteen columns.

    ``name`` decides the format. Raises SheetRefused with line, column, value, reason and remedy of all that
    is wrong with the file as a file; what the cells mean is not looked at (``cases.exchange.rows``).
    """
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise refusal(
            _("The file is larger than %(megabytes)s MB.") % {"megabytes": MAX_FILE_BYTES // 2**20},
            _("Divide it into several files."),
        )
    if not content:
        raise refusal(_("The file is empty."), _("Its first line must name the thirteen columns."))
    digest = hashlib.sha256(content).hexdigest()
    suffix = PurePath(name).suffix.lower()
    if suffix == ".xlsx":
        rows, remarks = read_xlsx(content)
        return Sheet(rows, digest, remarks)
    if suffix == ".csv":
        _refuse_workbook_as_csv(content)
        return Sheet(read_csv(content), digest)
    raise _wrong_suffix(suffix)


def _refuse_workbook_as_csv(content: bytes) -> None:
    if content.startswith((ARCHIVE, COMPOUND)):
        raise refusal(
            _("The file is a workbook under the name of a CSV file."),
            _("Give it its right name, ending in .xlsx."),
        )


def _wrong_suffix(suffix: str) -> Exception:
    if suffix in _MACRO_FORMATS:
        return refusal(_("Files of this kind can contain macros."), _("Save it as .xlsx."), value=suffix)
    return refusal(_("Only .csv and .xlsx are read."), _("Save the sheet as .xlsx or CSV."), value=suffix)
