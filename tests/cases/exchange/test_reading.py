"""Good sheets are read in every encoding people send; bad ones are refused with place and remedy."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from cases.exchange.limits import MAX_FILE_BYTES, MAX_ROWS, MAX_TEXT
from cases.problems import MOST_SHOWN, SheetRefused
from cases.record_sheet import COLUMNS
from tests.cases.exchange.sheets import LATE_PARCEL, TWO_ROWS, changed, csv_file, sheet_of, xlsx_file

if TYPE_CHECKING:
    from collections.abc import Callable


def refused(content: bytes, name: str = "sheet.csv") -> SheetRefused:
    with pytest.raises(SheetRefused) as caught:
        sheet_of(content, name)
    return caught.value


def cells_of(content: bytes, name: str = "sheet.csv") -> list[tuple[str, ...]]:
    return [row.cells for row in sheet_of(content, name).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_the_encoding_of_a_csv_file_is_found(encoding: str) -> None:
    assert cells_of(csv_file(TWO_ROWS, encoding)) == TWO_ROWS


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_other_delimiters_are_found(delimiter: str) -> None:
    rows = [changed(progress="", result="")]
    text = csv_file(rows).decode("utf-8-sig").replace(",", delimiter)
    assert cells_of(text.encode()) == rows


def test_line_breaks_commas_and_quotes_inside_cells_are_kept() -> None:
    row = changed(description='one, "two"\r\nthree\nfour', remark=" spaced ")
    assert cells_of(csv_file([row])) == [row]


def test_blank_rows_mean_nothing_and_lines_still_count() -> None:
    rows = sheet_of(csv_file([("",) * 13, LATE_PARCEL])).rows
    assert [row.line for row in rows] == [3]


def test_full_width_brackets_in_the_header_do_not_matter() -> None:
    header = [name.replace("(", "（").replace(")", "）") for name in COLUMNS]
    assert cells_of(csv_file(TWO_ROWS, header=header)) == TWO_ROWS


def test_texts_that_begin_with_a_sign_are_texts() -> None:
    row = changed(description="-没收到", remark="+86 也打过", result="@客服")
    assert cells_of(csv_file([row])) == [row]


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", " =cmd|'/c calc'!A0"])
def test_formulas_in_csv_are_refused_unless_an_apostrophe_makes_them_texts(text: str) -> None:
    (problem,) = refused(csv_file([changed(remark=text)])).problems
    assert (problem.line, problem.column, problem.value) == (2, "备注", text)
    assert problem.reason
    assert problem.remedy
    assert cells_of(csv_file([changed(remark=f"'{text}")])) == [changed(remark=text)]


def test_typed_cells_of_a_workbook_become_the_texts_they_show() -> None:
    row: list[object] = list(changed(remark="x"))
    row[5], row[6], row[11] = datetime(2024, 10, 1, 9, 30), datetime(2024, 10, 2), 4.0  # noqa: DTZ001
    row[12] = 123456789012
    assert cells_of(xlsx_file([row]), "sheet.xlsx") == [
        changed(first_response="2024-10-02 00:00", remark="123456789012")
    ]


def test_a_number_that_lost_digits_is_refused() -> None:
    row: list[object] = [*LATE_PARCEL[:12], 123456789012345678]
    assert refused(xlsx_file([row]), "sheet.xlsx").problems[0].line == 2


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (COLUMNS[1:], "服务编号"),
        ([*COLUMNS, "金额"], "金额"),
        ([*COLUMNS[:12], COLUMNS[0]], "备注"),
        ([COLUMNS[1], COLUMNS[0], *COLUMNS[2:]], ""),
        (["a", "b"], "服务编号"),
    ],
)
def test_wrong_columns_are_named(header: list[str], named: str) -> None:
    problems = refused(csv_file(TWO_ROWS, header=header)).problems
    assert named in {problem.column for problem in problems}
    assert all("服务编号, 客户编号" in problem.remedy and problem.line == 1 for problem in problems)


def test_ragged_rows_are_listed_by_line() -> None:
    problems = refused(csv_file([LATE_PARCEL[:12], LATE_PARCEL, (*LATE_PARCEL, "more")])).problems
    assert [problem.line for problem in problems] == [2, 4]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n", csv_file([]), csv_file([("",) * 13])])
def test_a_file_without_records_is_refused(content: bytes) -> None:
    assert refused(content).problems


def test_an_undecodable_byte_is_named_with_line_and_position() -> None:
    content = csv_file(TWO_ROWS, "utf-8") + b"\xff\xff"
    (problem,) = refused(content).problems
    assert problem.line == 4
    assert str(len(content) - 1) in problem.reason


def test_zero_bytes_and_control_characters_are_refused() -> None:
    assert "0x00" in refused(csv_file(TWO_ROWS).replace(b"C1001", b"C10\0001")).problems[0].reason
    (problem,) = refused(csv_file([changed(remark="a\x07b")])).problems
    assert (problem.line, problem.column) == (2, "备注")


def test_an_open_quote_is_refused_where_its_row_begins() -> None:
    content = csv_file(TWO_ROWS) + b'"never closed,\r\n' * 3
    assert refused(content).problems[0].line == 4


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_blank_cells_beyond_the_thirteenth_mean_nothing(make: Callable[..., bytes]) -> None:
    content = make([(*LATE_PARCEL, ""), (*LATE_PARCEL, " ", "")], header=[*COLUMNS, "", ""])
    assert cells_of(content, "sheet.xlsx" if make is xlsx_file else "sheet.csv") == [LATE_PARCEL] * 2


def test_no_csv_file_of_the_greatest_size_holds_more_text_than_a_workbook_may() -> None:
    assert MAX_FILE_BYTES <= MAX_TEXT


def test_too_long_a_cell_too_many_rows_and_too_large_a_file_are_refused() -> None:
    assert refused(csv_file([changed(remark="x" * 40_000)])).problems[0].column == "备注"
    assert refused(csv_file([("x",) * 13] * (MAX_ROWS + 1))).problems[0].line == MAX_ROWS + 2
    assert refused(b"x" * (MAX_FILE_BYTES + 1))


def test_the_first_hundred_problems_are_shown_and_the_rest_counted() -> None:
    error = refused(csv_file([LATE_PARCEL[:12]] * 150))
    assert (len(error.problems), error.more) == (MOST_SHOWN, 50)


@pytest.mark.parametrize("name", ["a.xls", "a.xlsm", "a.txt", "a", "a.xlsx.exe"])
def test_other_suffixes_are_refused(name: str) -> None:
    assert refused(csv_file(TWO_ROWS), name).problems[0].remedy


def test_a_workbook_named_csv_and_a_csv_named_xlsx_are_refused() -> None:
    assert refused(xlsx_file(TWO_ROWS), "sheet.csv")
    assert refused(csv_file(TWO_ROWS), "sheet.xlsx")
