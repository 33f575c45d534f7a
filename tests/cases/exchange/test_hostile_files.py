"""Hostile files are refused with a reason and a remedy, in bounded memory, before any cell is believed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.exchange.limits import MAX_ROWS
from cases.problems import SheetRefused
from tests.cases.exchange import hostile
from tests.cases.exchange.sheets import LATE_PARCEL, sheet_of, xlsx_file

if TYPE_CHECKING:
    from collections.abc import Callable

# Reads each file given by its path in a process of its own and prints the most memory it ever held, in MB.
# VmHWM counts from the start of the program; what getrusage gives would count the tests that started it, too.
STATUS = Path("/proc/self/status")
MEASURE = """
import re, sys
from pathlib import Path
from django.conf import settings
settings.configure(USE_I18N=False)
from cases.problems import SheetRefused
from cases.exchange.reading import read_sheet
for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            read_sheet(file, path)
    except SheetRefused:
        pass
print(int(re.search(r"VmHWM:\\s*([0-9]+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""
GOOD = hostile.repacked()
MOST_MEGABYTES = 256  # reliability paper, attack S5


@pytest.mark.parametrize("make", hostile.WORKBOOKS, ids=lambda make: make.__name__)
def test_a_hostile_workbook_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(SheetRefused) as caught:
        sheet_of(make(), "sheet.xlsx")
    assert all(problem.reason and problem.remedy for problem in caught.value.problems)


def test_formulas_are_named_by_their_cell() -> None:
    with pytest.raises(SheetRefused) as caught:
        sheet_of(hostile.formula(), "sheet.xlsx")
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.value) == (2, "M", '=HYPERLINK("http://x")')


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_bit_by_bit_is_not_opened(method: int) -> None:
    with override("en"), pytest.raises(SheetRefused) as caught:
        sheet_of(hostile.repacked(method=method), "sheet.xlsx")
    assert "packed" in caught.value.problems[0].reason


@settings(deadline=None, max_examples=150)  # a machine under load is slow, not wrong
@given(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_broken_workbook_is_refused_or_read_but_never_crashes(changes: list[tuple[int, int]]) -> None:
    content = bytearray(GOOD)
    for place, byte in changes:
        content[place % len(content)] = byte
    with suppress(SheetRefused):
        sheet_of(bytes(content), "sheet.xlsx")


def test_the_rebuilt_workbook_itself_is_good() -> None:
    assert len(sheet_of(hostile.repacked(), "sheet.xlsx").rows) == 2


def test_other_sheets_are_left_out_and_said_so() -> None:
    content = hostile.repacked(add={"xl/worksheets/sheet2.xml": hostile.sheet_xml([hostile.inline_row(1)])})
    assert len(sheet_of(content, "sheet.xlsx").remarks) == 1


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux says how much memory a program has held")
def test_no_file_takes_more_memory_than_promised(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    files = {make.__name__: make() for make in hostile.WORKBOOKS}
    largest = xlsx_file([(*LATE_PARCEL[:12], f"{number:0400}") for number in range(MAX_ROWS)])
    assert len(sheet_of(largest, "sheet.xlsx").rows) == MAX_ROWS
    files["largest"] = largest
    for name, content in files.items():
        (folder / f"{name}.xlsx").write_bytes(content)
    paths = sorted(str(path) for path in folder.iterdir())
    run = subprocess.run([sys.executable, "-c", MEASURE, *paths], check=True, capture_output=True, text=True)
    assert int(run.stdout) <= MOST_MEGABYTES
