"""
Every page speaks one language: no English word on a Chinese page, no Chinese character on an English one.

The rows of the Chinese walk are Chinese and those of the English walk ASCII, so whatever is left over is a
text somebody forgot to translate.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from django.urls import reverse

from cases.choices import Language, Role, State
from cases.exchange.reference import CustomerResource, DepartmentResource, TeamResource, TopicResource
from cases.models import (
    Attachment,
    CalendarDay,
    Case,
    CaseEvent,
    Customer,
    Department,
    Message,
    Notice,
    PhraseTemplate,
    Round,
    ServiceLevel,
    Staff,
    SupportRequest,
    Team,
    Topic,
    WorkCalendar,
)
from cases.record_sheet import COLUMNS
from tests.site.pages import CASE, dialogs_of, pages_of_rows, pages_without_a_row
from tests.site.reading import CHINESE, LATIN, words_of
from tests.site.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.one_database

# The same in both languages: names, formats, keys, numbers, and what the rows of the walk are called.
SAME = re.compile(
    r"\{[a-z_]+\}|VIP|API|CSV|XLSX|UTF-8|SHA-256|Bihuan|闭环|\bMB\b|export_records|\besc\b|Cookie|"
    r"简体中文|English|\bzh-hans\b|\ben\b|[A-Z2-7]{32}|张\*|name@example\.com|\w*@example\.com|"
    r"\bCS\d{8,}|\bCS\b|\bC\d{3,}\b|\bC\b|own\.\w+|canary\w*|staff\d+|(?:员工|客户|部门|小组|主题)\d+|"
    r"Webhook|IANA|JSON|Asia/Shanghai|Europe/Berlin|24×7|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"
    r"\b(?:proj|cases)\.tasks\.\w+|\b[Jj]anitor\b|True|False|None|enabled|arg\d|"
    r"\.?\b(?:pdf|png|jpe?g|webp|txt|csv|docx|xlsx|pptx)\b"
)
NO_ROWS = {"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"}
SOME_MOVES = ("accept", "deliver", "waive_support", "expire")
IN_FILES = ("customer", "department", "team", "topic")


def headers() -> Iterator[str]:
    """Names of columns are part of the files, in whatever language they are talked about."""
    yield from COLUMNS
    for resource in (CustomerResource, DepartmentResource, TeamResource, TopicResource):
        yield ", ".join(resource(staff=None).get_export_headers())


def written_words() -> Iterator[str]:
    """What people wrote, which nobody translates."""
    for model, fields in {
        Message: ("body",),
        CaseEvent: ("note",),
        Round: ("result", "proof", "comment", "plan"),
        SupportRequest: ("request", "result"),
        Case: ("description", "product", "order_number", "remark"),
        Attachment: ("name",),
        CalendarDay: ("label",),
    }.items():
        for row in model._default_manager.values_list(*fields):
            yield from (words for words in row if words)
    for texts in (
        *Notice.objects.values_list("subject", "body"),
        *PhraseTemplate.objects.values_list("subject", "body", "subject_en", "body_en"),
    ):
        yield from (line for text in texts for line in text.splitlines() if line)


def foreign_words(page: str, language: str, written: list[str]) -> list[str]:
    """What is not in this language, apart from what people wrote and what is the same in both."""
    wrong = LATIN if language == Language.CHINESE else CHINESE
    found = []
    for words in words_of(page):
        for data in written:
            words = words.replace(data, "")
        found += [f"{hit} in “{words[:80]}”" for hit in wrong.findall(SAME.sub(" ", words))]
    return found


class Walk(dict[str, str]):
    """Words in the wrong language, each with the first place where they were read."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.written = sorted({*headers(), *written_words()}, key=len, reverse=True)

    def read(self, response: Any, place: str) -> None:
        assert response.status_code < 500, place
        if response.get("Content-Type", "").startswith("text/html"):
            for words in foreign_words(response.content.decode(), self.language, self.written):
                self.setdefault(words, place)

    def open(self, client: Client, urls: Iterable[str]) -> None:
        for url in urls:
            self.read(client.get(url), url)

    def found(self) -> str:
        return "\n".join(f"{words} at {place}" for words, place in self.items())


@pytest.fixture(params=[Language.CHINESE, Language.ENGLISH])
def walk(request: pytest.FixtureRequest, world: World) -> Walk:
    """A walk through the world in one language, with rows in it."""
    language = str(request.param)
    Staff.objects.update(language=language)
    if language == Language.ENGLISH:
        Topic.objects.update(name=F("name_en"))
        for model in (Department, Team, Staff, Customer, WorkCalendar, ServiceLevel):
            for row in model._default_manager.all():
                model._default_manager.filter(pk=row.pk).update(name=f"{model.__name__} {row.pk}")
    else:
        for named in (Topic, Department, Team, WorkCalendar, ServiceLevel):
            named._default_manager.update(name_en=F("name"))
    return Walk(language)


def log_in(client: Client, staff: Staff) -> None:
    client.force_login(Staff.objects.get(pk=staff.pk))


def test_every_page_speaks_the_language_of_the_person(walk: Walk, world: World, client: Client) -> None:
    log_in(client, world.superuser)
    walk.open(client, [*pages_without_a_row(world), *pages_of_rows(world)])
    walk.open(client, (reverse(f"{CASE}_change", args=[case.pk]) for case in world.mine.values()))
    walk.open(client, ["/admin/password_change/", "/admin/second-factor/", "/admin/nowhere/"])
    walk.open(client, ["/admin/cases/case/?q=99999", "/admin/cases/customer/?q=C99999999"])
    assert not walk, walk.found()


def test_every_dialog_speaks_it(walk: Walk, world: World, client: Client) -> None:
    """Asked, and sent empty, which brings up every complaint of a field."""
    log_in(client, world.superuser)
    for _state, url in dialogs_of(world):
        walk.read(client.get(url), url)
        walk.read(client.post(url, {"nonce": secrets.token_hex(16)}), url)
    assert not walk, walk.found()


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_it(role: Role, walk: Walk, world: World, client: Client) -> None:
    """Desk, list, pages and refusals as each role sees them."""
    log_in(client, world.here.people()[role])
    handling = world.mine[State.HANDLING].pk
    walk.open(client, ["/admin/", reverse(f"{CASE}_changelist"), reverse(f"{CASE}_desk")])
    walk.open(client, (reverse(f"{CASE}_change", args=[case.pk]) for case in world.mine.values()))
    walk.open(client, (reverse(f"{CASE}_transition", args=[handling, name]) for name in SOME_MOVES))
    walk.open(client, ["/admin/cases/staff/", reverse(f"{CASE}_add"), reverse(f"{CASE}_import_records")])
    assert not walk, walk.found()


def test_the_way_in_speaks_it(walk: Walk, world: World, client: Client) -> None:
    client.cookies["django_language"] = walk.language
    wrong = {"username": "staff0", "password": "a wrong password", "code": "1"}
    for attempt in range(7):  # at last the login is locked
        walk.read(client.post("/admin/login/", wrong), f"login {attempt}")
    walk.open(client, ["/admin/login/"])
    log_in(client, world.here.manager)
    walk.read(client.post("/admin/second-factor/", {"code": "1", "password": "2"}), "second factor")
    short = {"old_password": "1", "new_password1": "2", "new_password2": "3"}
    walk.read(client.post("/admin/password_change/", short), "password change")
    walk.read(client.post("/admin/password_change/", {}), "password change")
    walk.read(client.post("/admin/logout/", follow=True), "logout")
    assert not walk, walk.found()


def test_refused_forms_speak_it(walk: Walk, world: World, client: Client) -> None:
    log_in(client, world.superuser)
    names = [f"{CASE}_add", f"{CASE}_import_records", "admin:cases_routingrule_add", "admin:cases_staff_add"]
    names += [f"admin:cases_{model}_{page}" for model in IN_FILES for page in ("add", "import", "export")]
    for name in names:
        walk.read(client.post(reverse(name), NO_ROWS), name)
    url = reverse("admin:cases_customer_show_contacts", args=[world.foreign.customer_id])
    walk.read(client.post(url, {"reason": ""}), url)
    assert not walk, walk.found()


@pytest.mark.parametrize("action", ["claim", "assign", "dispatch", "remind", "export", "none"])
def test_bulk_actions_speak_it(action: str, walk: Walk, world: World, client: Client) -> None:
    log_in(client, world.superuser)
    chosen = {"action": action, "_selected_action": [case.pk for case in world.mine.values()]}
    url = reverse(f"{CASE}_changelist")
    walk.read(client.post(url, chosen, follow=True), action)
    walk.read(client.post(url, chosen | {"nonce": "not one"}, follow=True), f"{action}, sent")
    assert not walk, walk.found()


WRONG_ROWS = [
    ["CS1", "C", "投诉", "", "紧急", "2024-13-01 09:30", "昨天", "张*", "25:00 联系", "", "满意", "9", "=1"],
    [
        "CS20241001001",
        "C1",
        "别的",
        "无",
        "急",
        "2024-10-01 09:30",
        "2024-10-01 09:00",
        "",
        "",
        "",
        "待确认",
        "4",
        "",
    ],
]
QUOTED = re.compile("|".join(word for row in WRONG_ROWS for word in row if word and not word.isascii()))


@pytest.mark.parametrize("sheet", ["a,b,c\n1,2,3\n", "", *(",".join(row) for row in (COLUMNS, *WRONG_ROWS))])
def test_a_refused_record_sheet_is_explained_in_it(
    sheet: str, walk: Walk, world: World, client: Client
) -> None:
    """What stands in the file stays as it stands there: the table of problems quotes it."""
    log_in(client, world.superuser)
    text = (
        sheet if sheet.count(",") < 5 or sheet.startswith(COLUMNS[0]) else f"{','.join(COLUMNS)}\n{sheet}\n"
    )
    upload = SimpleUploadedFile("own.csv", text.encode())
    walk.read(client.post(reverse(f"{CASE}_import_records"), {"file": upload}), "import")
    unquoted = [words for words in walk if not QUOTED.search(words) and "known" not in words]
    assert not unquoted, walk.found()
