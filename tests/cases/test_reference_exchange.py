from __future__ import annotations

import csv
import hashlib
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cases.choices import Language, Role, VipLevel
from cases.models import Customer, Department, ExportRecord, Staff, Team, Topic
from tests.factories import ContactFactory, CustomerFactory, DepartmentFactory, TeamFactory, TopicFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

MODELS = ("customer", "department", "team", "topic")
CSV, XLSX = "0", "1"
PHONE = "+8613812345678"
RISKY = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "＋1", "－1", "＠x", "=HYPERLINK(1)")


@pytest.fixture(autouse=True)
def waiting_room(settings: Any, tmp_path: Path) -> Path:
    """The folder uploads wait in, one for each test."""
    storages = dict(settings.STORAGES)
    storages["import_export"] = {**storages["import_export"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = storages
    return tmp_path / "django-import-export"


@pytest.fixture
def client(client: Client, scene: Scene) -> Client:
    scene.administrator.language = Language.ENGLISH
    scene.administrator.save()
    client.force_login(scene.administrator)
    return client


def export(client: Client, model: str, format_: str = CSV, query: str = "", **data: str) -> bytes:
    answer = client.post(f"/admin/cases/{model}/export/{query}", {"format": format_, "resource": "0", **data})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"], answer.content.decode()[:3000]
    return answer.content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def preview(client: Client, model: str, content: str | bytes, name: str = "a.csv", format_: str = CSV) -> Any:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    data = {"import_file": file, "format": format_, "resource": "0"}
    return client.post(f"/admin/cases/{model}/import/", data)


def confirm(client: Client, model: str, page: Any) -> int:
    form = page.context["confirm_form"]
    data = {name: form.initial.get(name) or "" for name in form.fields}
    return client.post(f"/admin/cases/{model}/process_import/", data).status_code


def bring_in(client: Client, model: str, content: str | bytes, **kwargs: str) -> None:
    page = preview(client, model, content, **kwargs)
    assert "confirm_form" in page.context, refused(page)
    assert confirm(client, model, page) == 302


def refused(page: Any) -> str:
    """Everything a person reads about why a file was refused."""
    assert "confirm_form" not in page.context
    return str(page.content.decode())


def test_customers_come_in_after_a_preview_with_normal_contacts(client: Client, scene: Scene) -> None:
    content = (
        "number,name,region,vip_level,phone,email,dedicated_agent\r\n"
        f"c2001,王*,east,2,138 1234 5678;021-62345678,WANG@Example.com,{scene.agent.username}\r\n"
    )
    page = preview(client, "customer", content)
    assert not Customer.objects.filter(number="C2001").exists()
    assert confirm(client, "customer", page) == 302

    customer = Customer.objects.get(number="C2001")
    assert (customer.region, customer.vip_level, customer.dedicated_agent) == (
        "east",
        VipLevel.GOLD,
        scene.agent,
    )
    values = set(customer.contacts.values_list("value", flat=True))
    assert values == {PHONE, "+862162345678", "wang@example.com"}
    assert customer.history.latest().history_user == scene.administrator


def test_a_file_twice_changes_nothing(client: Client) -> None:
    content = "number,name,phone\r\nC2001,王*,13812345678\r\n"
    bring_in(client, "customer", content)
    customer = Customer.objects.get(number="C2001")
    rows = customer.history.count()
    bring_in(client, "customer", content)
    assert (customer.history.count(), customer.contacts.count()) == (rows, 1)


def test_an_export_comes_back_in_and_masks_add_nothing(client: Client) -> None:
    customer = CustomerFactory(name="=甲", notes="第一行\n第二行")
    ContactFactory(customer=customer, value=PHONE)
    for format_, name in ((CSV, "a.csv"), (XLSX, "a.xlsx")):
        bring_in(client, "customer", export(client, "customer", format_), name=name, format_=format_)
    customer.refresh_from_db()
    assert (customer.name, customer.notes) == ("=甲", "第一行\n第二行")
    assert [contact.value for contact in customer.contacts.all()] == [PHONE]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("X1,王*,,,", "C and digits"),
        ("C2001,王*,,12,", "no phone number"),
        ("C2001,王*,,138****5678,", "masked"),
        ("C2001,王*,nowhere,,", "nowhere"),
        ("C2001,王*,,,nobody", "“nobody” is not known"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason_and_nothing_of_the_file_is_kept(
    client: Client, row: str, says: str
) -> None:
    page = preview(
        client, "customer", f"number,name,region,phone,dedicated_agent\r\nC2000,好*,,,\r\n{row}\r\n"
    )
    assert says in refused(page)
    assert not Customer.objects.filter(number__startswith="C200").exists()


@pytest.mark.parametrize("column", ["is_superuser", "id", "password", "history", "cases"])
def test_unknown_columns_are_refused(client: Client, column: str) -> None:
    assert "Unknown columns" in refused(preview(client, "customer", f"number,{column}\r\nC2001,1\r\n"))
    assert not Customer.objects.filter(number="C2001").exists()


def test_departments_teams_and_topics_are_matched_by_their_names(client: Client, scene: Scene) -> None:
    bring_in(
        client, "department", f"name,name_en,active\r\n新部门,New,1\r\n{scene.department.name},Renamed,1\r\n"
    )
    assert Department.objects.get(name="新部门").name_en == "New"
    scene.department.refresh_from_db()
    assert scene.department.name_en == "Renamed"

    bring_in(client, "team", "name,department,tier,active\r\n新组,新部门,2,1\r\n")
    assert Team.objects.get(name="新组").department.name == "新部门"
    assert "is not known" in refused(preview(client, "team", "name,department,tier\r\n组,无此部门,1\r\n"))
    assert "9" in refused(preview(client, "team", "name,department,tier\r\n组,新部门,9\r\n"))

    topic = TopicFactory(type="complaint", name="同名")
    TopicFactory(type="suggestion", name="同名")
    bring_in(client, "topic", "type,name,name_en,needs_proof,position\r\ncomplaint,同名,Same,1,3\r\n")
    topic.refresh_from_db()
    assert (topic.name_en, topic.needs_proof) == ("Same", True)
    assert Topic.objects.filter(name_en="Same").count() == 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("role", list(Role))
def test_only_those_with_the_right_import_and_export(
    client: Client, scene: Scene, model: str, role: Role
) -> None:
    client.force_login(scene.people()[role])
    imports = role == Role.ADMINISTRATOR
    exports = role in {Role.ADMINISTRATOR, Role.MANAGER}
    for part, allowed in (("import", imports), ("process_import", imports), ("export", exports)):
        url = f"/admin/cases/{model}/{part}/"
        assert (client.post(url, {}).status_code == 200) is allowed, part


@pytest.mark.parametrize("format_", [CSV, XLSX])
def test_no_cell_of_an_export_can_become_a_formula(client: Client, format_: str) -> None:
    for text in RISKY:
        CustomerFactory(name=text, notes=text)
    content = export(client, "customer", format_)
    if format_ == CSV:
        cells = [cell for row in rows_of(content) for cell in row.values()]
        assert not [cell for cell in cells if cell and cell[0] in "=+-@\t\r\n＝＋－＠"]
        return
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells_ = [cell for row in book.active.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells_} == {"s"}
    assert all(cell.quotePrefix for cell in cells_ if cell.value in RISKY)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_contacts_leave_masked_unless_somebody_with_both_rights_gives_a_reason(
    client: Client, scene: Scene
) -> None:
    customer = ContactFactory(value=PHONE).customer
    client.force_login(scene.manager)

    masked = export(client, "customer", query=f"?q={customer.number}")
    full = export(client, "customer", query=f"?q={customer.number}", reason="召回通知")

    assert rows_of(masked)[0]["phone"] == "138****5678"
    assert rows_of(full)[0]["phone"] == f"'{PHONE}"
    second, first = ExportRecord.objects.all()
    assert (first.staff, first.what, first.format, first.rows) == (scene.manager, "customer", "csv", 1)
    assert first.filters == {"q": customer.number}
    assert "phone" in first.columns
    assert first.sha256 == hashlib.sha256(masked).hexdigest()
    assert second.filters["unmasked_because"] == "召回通知"


def test_without_the_right_to_see_contacts_a_reason_unmasks_nothing(client: Client, scene: Scene) -> None:
    ContactFactory(value=PHONE)
    scene.manager.groups.first().permissions.filter(codename="reveal_contact").first().delete()  # type: ignore[union-attr]
    client.force_login(Staff.objects.get(pk=scene.manager.pk))
    assert PHONE not in export(client, "customer", reason="召回通知").decode("utf-8-sig")


def test_an_export_takes_the_filters_of_the_list_and_no_others(client: Client) -> None:
    CustomerFactory(number="C3001", vip_level=VipLevel.GOLD)
    CustomerFactory(number="C3002")
    assert [row["number"] for row in rows_of(export(client, "customer", query="?vip_level__exact=2"))] == [
        "C3001"
    ]
    assert client.get("/admin/cases/customer/export/?contacts__value__startswith=1").status_code == 400


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("part", ["import", "export"])
def test_the_pages_open(client: Client, model: str, part: str) -> None:
    TeamFactory(department=DepartmentFactory())
    page = client.get(f"/admin/cases/{model}/{part}/").content.decode()
    assert "csv" in page
    assert "xlsx" in page
    assert not {"yaml", "html", "json"} & set(page.split(">"))


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 10_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, CSV),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, XLSX),
        (b"", CSV),
        (b"number,name\r\n" + b"C1,a\r\n" * 10_001, CSV),
        (b"number" + b"," * 16_383 + b"\r\nC1\r\n", CSV),
        (b"a" * (5 * 2**20 + 1), CSV),
    ],
)
def test_a_hostile_file_is_refused_at_once(client: Client, content: bytes, format_: str) -> None:
    start = time.monotonic()
    refused(preview(client, "department", content, "a.xlsx" if format_ == XLSX else "a.csv", format_))
    assert time.monotonic() - start < 2


def test_a_workbook_that_unpacks_to_too_much_is_refused_at_once(client: Client) -> None:
    content = bomb()
    start = time.monotonic()
    refused(preview(client, "department", content, "a.xlsx", XLSX))
    assert time.monotonic() - start < 2


def test_a_file_from_a_chinese_office_program_is_read(client: Client) -> None:
    bring_in(client, "department", "name,name_en\r\n客户服务部,Service\r\n".encode("gb18030"))
    assert Department.objects.filter(name="客户服务部").exists()


def test_uploads_wait_in_private_and_forgotten_ones_go(client: Client, waiting_room: Path) -> None:
    preview(client, "department", "name\r\n甲\r\n")
    (first,) = waiting_room.iterdir()
    an_hour_ago = time.time() - 3700
    os.utime(first, (an_hour_ago, an_hour_ago))

    page = preview(client, "department", "name\r\n乙\r\n")
    (second,) = waiting_room.iterdir()

    assert second != first
    assert confirm(client, "department", page) == 302
    assert not list(waiting_room.iterdir())


def test_a_confirmation_that_comes_too_late_says_so(client: Client, waiting_room: Path) -> None:
    page = preview(client, "department", "name\r\n甲\r\n")
    for path in waiting_room.iterdir():
        path.unlink()
    assert confirm(client, "department", page) == 302
    assert not Department.objects.filter(name="甲").exists()


def test_a_confirmation_reads_no_file_outside_the_waiting_room(client: Client, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_text("name\r\n外来\r\n")
    data = {
        "import_file_name": "../elsewhere.csv",
        "original_file_name": "a.csv",
        "format": CSV,
        "resource": "0",
    }
    client.post("/admin/cases/department/process_import/", data)
    assert not Department.objects.filter(name="外来").exists()


def test_rows_that_changed_after_the_preview_are_not_half_imported(client: Client, scene: Scene) -> None:
    own, other = scene.department.name, scene.support.department.name
    content = f"name,department,tier\r\n甲组,{own},1\r\n乙组,{other},1\r\n"
    page = preview(client, "team", content)
    Department.objects.filter(pk=scene.support.department_id).update(name="改名")
    assert confirm(client, "team", page) == 302
    assert not Team.objects.filter(name__in=["甲组", "乙组"]).exists()
