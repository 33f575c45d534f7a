"""Exports hold what the person may see, cell for cell, and are recorded; a file is whole or not there."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cases.choices import Role, State
from cases.exceptions import NotPermitted
from cases.exchange.exporting import export_records
from cases.exchange.writing import write_csv
from cases.models import Case, ExportRecord
from cases.record_sheet import COLUMNS, Cells
from cases.services import transition_case
from cases.services.history import restore_cases
from cases.services.record_cells import record_cells
from tests.cases.exchange.sheets import (
    LATE_PARCEL,
    QUESTION,
    TWO_ROWS,
    changed,
    csv_file,
    sheet_of,
    understood,
    xlsx_file,
)
from tests.factories import StaffFactory, make_case
from tests.scenes import make_scene

pytestmark = pytest.mark.django_db


def restore(*rows: Cells) -> None:
    restore_cases(understood(rows), actor=None, file_name="sheet.csv", sha256="0" * 64)


def cells_in(path: Path) -> list[Cells]:
    return [row.cells for row in sheet_of(path.read_bytes(), path.name).rows]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_a_command_imports_another_exports_cell_for_cell(tmp_path: Path, suffix: str) -> None:
    rows = [*TWO_ROWS, changed(number="CS20241001003", remark="-1", description='@a, "b"\nc', result="＋1")]
    source = tmp_path / "in.csv"
    source.write_bytes(csv_file(rows))
    call_command("import_records", str(source))
    out = tmp_path / f"out.{suffix}"
    call_command("export_records", "--out", str(out))
    assert cells_in(out) == rows
    again = tmp_path / f"again.{suffix}"
    call_command("import_records", str(out))
    call_command("export_records", "--out", str(again))
    assert cells_in(again) == rows
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_real_record_sheet_survives_both_formats(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "records_real.csv"
    call_command("import_records", str(source))
    for name in ("out.csv", "out.xlsx"):
        call_command("export_records", "--out", str(tmp_path / name))
        assert sorted(cells_in(tmp_path / name)) == sorted(cells_in(source))


def test_a_workbook_is_imported_by_the_command(tmp_path: Path) -> None:
    source = tmp_path / "in.xlsx"
    source.write_bytes(xlsx_file(TWO_ROWS))
    call_command("import_records", str(source))
    assert list(record_cells(Case.objects.all())) == TWO_ROWS


def test_a_dry_run_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(csv_file(TWO_ROWS))
    call_command("import_records", str(source), "--dry-run")
    assert "2" in capsys.readouterr().out
    assert not Case.objects.exists()


def test_a_bad_sheet_ends_the_command_with_every_problem(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(csv_file([changed(score="9"), changed(QUESTION, urgency="?")]))
    with pytest.raises(CommandError, match=r"(?s)2.*客户初评.*3.*紧急程度"):
        call_command("import_records", str(source))
    assert not Case.objects.exists()


def test_commands_name_a_missing_file_an_unknown_login_and_a_wrong_format(tmp_path: Path) -> None:
    for arguments in (
        ["import_records", str(tmp_path / "none.csv")],
        ["import_records", str(tmp_path / "none.csv"), "--as", "nobody"],
        ["export_records", "--out", str(tmp_path / "out.xls")],
        ["export_records", "--out", str(tmp_path / "no" / "out.csv")],
        ["export_records", "--out", str(tmp_path / "out.csv"), "--team", "没有"],
        ["export_records", "--out", str(tmp_path / "out.csv"), "--from", "yesterday"],
        ["export_records", "--out", str(tmp_path / "out.csv"), "--from", "0001-01-01"],
        ["export_records", "--out", str(tmp_path / "out.csv"), "--to", "9999-12-31"],
    ):
        with pytest.raises(CommandError):
            call_command(*arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("selection", "numbers"),
    [
        (["--from", "2024-10-02"], ["003"]),
        (["--to", "2024-10-01"], ["001", "002"]),
        (["--state", "archive"], ["001"]),
        (["--type", "咨询"], ["002", "003"]),
        (["--urgency", "urgent", "重要"], ["001"]),
        (["--customer", "C1001"], ["001"]),
    ],
)
def test_a_selection_takes_what_all_its_parts_agree_on(
    tmp_path: Path, selection: list[str], numbers: list[str]
) -> None:
    late = changed(
        QUESTION, number="CS20241001003", received="2024-10-02 00:00", first_response="", progress=""
    )
    restore(*TWO_ROWS, late)
    out = tmp_path / "out.csv"
    call_command("export_records", "--out", str(out), *selection)
    assert [cells[0][-3:] for cells in cells_in(out)] == numbers
    assert set(ExportRecord.objects.get().filters) == {
        {"--from": "since", "--to": "until"}.get(selection[0], selection[0][2:])
    }


def test_an_export_is_recorded_with_what_left_the_house() -> None:
    restore(*TWO_ROWS)
    manager = StaffFactory(role=Role.MANAGER)
    out = io.BytesIO()
    export_records(Case.objects.all(), out, format="csv", actor=manager, filters={"tab": ["all"]})
    record = ExportRecord.objects.get()
    assert (record.staff, record.format, record.rows, record.columns, record.filters) == (
        manager,
        "csv",
        2,
        list(COLUMNS),
        {"tab": ["all"]},
    )
    assert record.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


def test_foreign_cases_are_not_exported_whatever_was_asked_for() -> None:
    scene = make_scene()
    own = make_case(team=scene.front)
    make_case()
    out = io.BytesIO()
    export_records(Case.objects.all(), out, format="csv", actor=scene.supervisor, filters={})
    assert [row.cells[0] for row in sheet_of(out.getvalue()).rows] == [own.number]


def test_staff_without_the_right_export_nothing() -> None:
    with pytest.raises(NotPermitted):
        export_records(
            Case.objects.all(), io.BytesIO(), format="csv", actor=StaffFactory(role=Role.AGENT), filters={}
        )


def test_a_case_that_grew_here_is_written_like_the_sheet() -> None:
    scene = make_scene()
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "report_progress", actor=scene.specialist, note="联系物流核实")
    transition_case(case.pk, "report_progress", actor=scene.specialist, note="协调补发")
    (cells,) = record_cells(Case.objects.all())
    first, second = case.events.filter(kind="report_progress")
    assert cells[7] == scene.specialist.name
    assert (
        cells[8]
        == f"{timezone.localtime(first.at):%H:%M}联系物流核实;{timezone.localtime(second.at):%H:%M}协调补发"
    )
    assert cells[9:12] == ("", "", "")


def test_reading_rows_takes_four_queries_for_a_thousand_cases(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    restore(*[changed(number=f"CS20241001{n:03}") for n in range(1, 31)])
    with django_assert_num_queries(4):
        assert write_csv(record_cells(Case.objects.all()), io.BytesIO()) == 30


def test_imported_letters_stay_when_work_goes_on() -> None:
    staff = StaffFactory(role=Role.SPECIALIST)
    restore(changed(QUESTION, handler=staff.name))
    case = Case.objects.get()
    transition_case(case.pk, "accept", actor=staff, promised_at=timezone.now() + timedelta(hours=4))
    transition_case(case.pk, "report_progress", actor=staff, note="回访")
    (cells,) = record_cells(Case.objects.all())
    assert cells[8].startswith(f"{QUESTION[8]};")
    assert cells[8].endswith("回访")
    assert cells[0] == QUESTION[0] != LATE_PARCEL[0]
