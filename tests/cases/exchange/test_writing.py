"""What is written is read back as it was, and no cell of it runs in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.exceptions import CaseError
from cases.exchange.formulas import escape_formula, is_formula, unescape_formula
from cases.exchange.writing import write_csv, write_xlsx
from cases.record_sheet import COLUMNS, Cells
from tests.cases.exchange.sheets import LATE_PARCEL, TWO_ROWS, changed, sheet_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RISKY = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\u3000=1",
    "'=1",
    "''+1",
]

texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20
)
risky_texts = st.builds(
    "".join, st.lists(st.sampled_from([*"'=+-@ \t\r\n", "＝", "＋", "－", "＠", "x"]), max_size=5)
)
rows = st.lists(
    st.tuples(*[st.one_of(texts, risky_texts)] * len(COLUMNS)).filter(lambda row: any(map(str.strip, row))),
    min_size=1,
    max_size=4,
)


def written_csv(rows: list[Cells]) -> bytes:
    out = io.BytesIO()
    assert write_csv(rows, out) == len(rows)
    return out.getvalue()


def written_xlsx(rows: list[Cells]) -> bytes:
    out = io.BytesIO()
    assert write_xlsx(rows, out) == len(rows)
    return out.getvalue()


@settings(deadline=None, max_examples=60)  # a machine under load is slow, not wrong
@given(rows)
def test_csv_comes_back_cell_for_cell(rows: list[Cells]) -> None:
    assert [row.cells for row in sheet_of(written_csv(rows)).rows] == rows


@settings(deadline=None, max_examples=40)
@given(rows)
def test_xlsx_comes_back_cell_for_cell(rows: list[Cells]) -> None:
    assert [row.cells for row in sheet_of(written_xlsx(rows), "sheet.xlsx").rows] == rows


@settings(deadline=None)
@given(st.one_of(texts, risky_texts))
def test_the_apostrophe_is_undone_exactly_and_no_formula_is_left(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text
    assert not is_formula(escape_formula(text))


@pytest.mark.parametrize("text", [*RISKY, "\0=1"])
def test_risky_texts_get_an_apostrophe_in_csv(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "订单", "a=b", "'quoted'", "1-2", "09:40联系", "'x"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert escape_formula(text) == text
    assert unescape_formula(text) == text


def test_csv_has_a_byte_order_mark_and_crlf() -> None:
    content = written_csv(TWO_ROWS)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n") == 3
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))) == [
        list(COLUMNS),
        *map(list, TWO_ROWS),
    ]


def test_a_workbook_has_no_formula_cell_and_quotes_what_looks_like_one() -> None:
    content = written_xlsx([changed(remark=text) for text in RISKY])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"quotePrefix" in archive.read("xl/styles.xml")
    assert b"<f>" not in sheet
    assert sheet.count(b's="1"') == len(RISKY)


def test_a_full_sheet_is_followed_by_another() -> None:
    out = io.BytesIO()
    assert write_xlsx([changed(number=f"CS2024100100{n}") for n in range(5)], out, rows_of_a_sheet=3) == 5
    with zipfile.ZipFile(out) as archive:
        assert len([name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]) == 3


def test_a_text_too_long_for_a_workbook_is_never_cut() -> None:
    long_row = changed(remark="x" * 40_000)
    with pytest.raises(CaseError, match=LATE_PARCEL[0]):
        written_xlsx([long_row])
    assert "x" * 40_000 in written_csv([long_row]).decode("utf-8-sig")


def test_rows_are_written_as_they_are_produced() -> None:
    """The writer asks for a row only after the one before it has gone to the file."""
    out = io.BytesIO()
    sizes = []

    def produced() -> Iterator[Cells]:
        for _ in range(2000):
            sizes.append(out.tell())
            yield LATE_PARCEL

    write_csv(produced(), out)
    assert len(set(sizes)) > 10
