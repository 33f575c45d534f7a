"""Record sheets for tests: the two rows of the product's first paper, and files made of rows."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import xlsxwriter

from cases.exchange.reading import read_sheet
from cases.exchange.rows import read_rows
from cases.record_sheet import COLUMNS, Cells, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cases.exchange.sheet import Sheet
    from cases.record_sheet import RecordRow

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 1, tzinfo=UTC)

LATE_PARCEL: Cells = (
    "CS20241001001",
    "C1001",
    "投诉-物流延迟",
    "订单号X显示已签收，但未收到货",
    "紧急",
    "2024-10-01 09:30",
    "2024-10-01 09:35",
    "张*",
    "09:40联系物流核实;11:00确认派件员失误;11:30协调补发",
    "已补发,物流单号XY已提供",
    "已确认满意",
    "4",
    "客户要求下次优先派送",
)
QUESTION: Cells = (
    "CS20241001002",
    "C1002",
    "咨询-产品功能",
    "如何查询账户历史收益",
    "一般",
    "2024-10-01 14:20",
    "2024-10-01 14:25",
    "李*",
    "14:26发送操作指引截图;14:30客户确认收到",
    "引导客户完成操作",
    "",
    "",
    "",
)
TWO_ROWS = [LATE_PARCEL, QUESTION]


def changed(row: Cells = LATE_PARCEL, /, **values: str) -> Cells:
    """The row with other cells, named like the members of Column in lower case."""
    cells = list(row)
    for name, value in values.items():
        cells[Column[name.upper()]] = value
    return tuple(cells)


def csv_file(
    rows: Iterable[Sequence[str]], encoding: str = "utf-8-sig", header: Sequence[str] = COLUMNS
) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue().encode(encoding)


def xlsx_file(rows: Iterable[Sequence[object]], header: Sequence[str] = COLUMNS) -> bytes:
    """A workbook as a person makes one: typed cells, dates shown as dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(
        out, {"default_date_format": "yyyy-mm-dd hh:mm", "strings_to_formulas": False}
    ) as book:
        sheet = book.add_worksheet()
        for position, row in enumerate([header, *rows]):
            sheet.write_row(position, 0, row)
    return out.getvalue()


def sheet_of(content: bytes, name: str = "sheet.csv") -> Sheet:
    return read_sheet(io.BytesIO(content), name)


def understood(rows: Iterable[Sequence[str]]) -> list[RecordRow]:
    return read_rows(sheet_of(csv_file(rows)).rows, zone=ZONE, at=NOW)
