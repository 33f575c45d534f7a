"""Import and export in the admin: looked at first, confirmed by POST, within the rights and the row scope."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from cases.choices import Role
from cases.models import Case, ExportRecord, ImportRecord, Staff
from cases.services.history import restore_cases
from tests.cases.exchange import hostile
from tests.cases.exchange.sheets import (
    QUESTION,
    TWO_ROWS,
    changed,
    csv_file,
    sheet_of,
    understood,
)
from tests.factories import StaffFactory, make_case
from tests.scenes import make_scene

pytestmark = pytest.mark.django_db

IMPORT = "admin:cases_case_import_records"
EXPORT = "admin:cases_case_export_records"


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "imports"


def logged_in(client: Client, role: Role = Role.ADMINISTRATOR) -> Staff:
    staff = StaffFactory(role=role)
    client.force_login(staff)
    return staff


def upload(client: Client, content: bytes, name: str = "sheet.csv") -> HttpResponse:
    return client.post(reverse(IMPORT), {"file": SimpleUploadedFile(name, content)})  # type: ignore[return-value]


def token_of(response: HttpResponse) -> str:
    return str(response.context["token"])  # type: ignore[attr-defined]


def body_of(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_a_sheet_is_looked_at_first_and_imported_on_confirmation(client: Client, folder: Path) -> None:
    staff = logged_in(client)
    looked = upload(client, csv_file(TWO_ROWS))
    assert "订单号X显示已签收" in looked.content.decode()
    assert not Case.objects.exists()
    (kept,) = folder.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    confirmed = client.post(reverse(IMPORT), {"token": token_of(looked)})
    assert confirmed.status_code == 302
    assert Case.objects.count() == 2
    assert (ImportRecord.objects.get().staff, ImportRecord.objects.get().file_name) == (staff, "sheet.csv")
    assert list(folder.iterdir()) == []


def test_confirming_twice_imports_once(client: Client) -> None:
    logged_in(client)
    token = token_of(upload(client, csv_file(TWO_ROWS)))
    client.post(reverse(IMPORT), {"token": token})
    again = client.post(reverse(IMPORT), {"token": token})
    assert again.context["refusal"]
    assert Case.objects.count() == 2


def test_a_file_that_was_given_up_is_gone(client: Client, folder: Path) -> None:
    logged_in(client)
    token = token_of(upload(client, csv_file(TWO_ROWS)))
    client.post(reverse(IMPORT), {"token": token, "give_up": "1"})
    assert list(folder.iterdir()) == []
    assert not Case.objects.exists()


def test_nobody_confirms_another_person_s_file(client: Client) -> None:
    logged_in(client)
    token = token_of(upload(client, csv_file(TWO_ROWS)))
    logged_in(client)
    for stolen in (token, "../" * 5 + "etc/passwd", "*", ""):
        assert client.post(reverse(IMPORT), {"token": stolen}).context["refusal"]
    assert not Case.objects.exists()


def test_forgotten_files_go_after_an_hour(client: Client, folder: Path) -> None:
    logged_in(client)
    upload(client, csv_file(TWO_ROWS))
    (old,) = folder.iterdir()
    os.utime(old, (time.time() - 4000,) * 2)
    upload(client, csv_file([QUESTION]))
    assert old not in folder.iterdir()


def test_problems_and_conflicts_are_shown_in_a_table(client: Client, folder: Path) -> None:
    logged_in(client)
    page = upload(client, csv_file([changed(score="9", remark="<script>")]))
    assert [problem.line for problem in page.context["problems"]] == [2]  # type: ignore[attr-defined]
    restore_cases(understood(TWO_ROWS), actor=None, file_name="sheet.csv", sha256="0" * 64)
    page = upload(client, csv_file([changed(remark="<script>alert(1)</script>")]))
    assert "客户要求下次优先派送" in page.content.decode()
    assert "<script>alert(1)" not in page.content.decode()
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "make", [hostile.row_bomb, hostile.billion_laughs, hostile.far_corner, hostile.macros]
)
def test_hostile_files_are_refused_and_not_kept(client: Client, folder: Path, make: object) -> None:
    logged_in(client)
    page = upload(client, make(), "sheet.xlsx")  # type: ignore[operator]
    assert page.context["problems"]  # type: ignore[attr-defined]
    assert not folder.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SPECIALIST, Role.SUPERVISOR, Role.AUDITOR])
def test_import_needs_its_right(client: Client, role: Role) -> None:
    logged_in(client, role)
    assert client.get(reverse(IMPORT)).status_code == 403
    assert upload(client, csv_file(TWO_ROWS)).status_code == 403


@pytest.mark.parametrize("role", [Role.AGENT, Role.SPECIALIST, Role.AUDITOR])
def test_export_needs_its_right(client: Client, role: Role) -> None:
    logged_in(client, role)
    assert client.get(reverse(EXPORT)).status_code == 403
    assert client.post(reverse(EXPORT), {"format": "csv"}).status_code == 403


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_list_is_exported_as_it_is_narrowed(client: Client, format: str) -> None:
    staff = logged_in(client, Role.MANAGER)
    restore_cases(understood(TWO_ROWS), actor=None, file_name="sheet.csv", sha256="0" * 64)
    address = reverse(EXPORT) + "?q=CS20241001002"
    assert client.get(address).context["count"] == 1
    assert not ExportRecord.objects.exists()
    answer = client.post(address, {"format": format})
    assert [row.cells for row in sheet_of(body_of(answer), f"sheet.{format}").rows] == [QUESTION]  # type: ignore[arg-type]
    record = ExportRecord.objects.get()
    assert (record.staff, record.rows, record.filters) == (staff, 1, {"q": ["CS20241001002"]})
    assert "attachment" in answer["Content-Disposition"]


def test_chosen_rows_are_exported_within_the_row_scope(client: Client) -> None:
    scene = make_scene()
    own, foreign = make_case(team=scene.front), make_case()
    client.force_login(scene.supervisor)
    ids = [str(own.pk), str(foreign.pk), "x", "9" * 30]
    answer = client.post(reverse(EXPORT), {"format": "csv", "_selected_action": ids})
    assert [row.cells[0] for row in sheet_of(body_of(answer)).rows] == [own.number]  # type: ignore[arg-type]


def test_the_menu_over_ticked_rows_leads_to_the_export_of_those(client: Client) -> None:
    logged_in(client, Role.MANAGER)
    case, _other = make_case(), make_case()
    page = client.post(
        reverse("admin:cases_case_changelist"), {"action": "export", "_selected_action": [str(case.pk)]}
    )
    assert (page.context["count"], page.context["chosen"]) == (1, [case.pk])


def test_a_wrong_format_or_filter_is_no_server_error(client: Client) -> None:
    logged_in(client, Role.MANAGER)
    assert client.post(reverse(EXPORT), {"format": "pdf"}).status_code == 200
    assert client.get(reverse(EXPORT) + "?customer__number__startswith=C").status_code in (302, 400)
    assert not ExportRecord.objects.exists()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_open_in_both_languages(client: Client, language: str) -> None:
    staff = logged_in(client)
    staff.language = language
    staff.save()
    for name in (IMPORT, EXPORT):
        assert client.get(reverse(name)).status_code == 200
