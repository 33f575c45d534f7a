"""
A page costs the same number of queries with one row, ten and a hundred.

The limits are those of the paper on speed: 12 for the list of cases, 15 for the page of a case, whatever its
history; the pages of reference data keep to the list's. Session and login are counted too.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.choices import Role, State
from cases.models import (
    Absence,
    Case,
    ContactAccess,
    Customer,
    Department,
    DutyShift,
    Escalation,
    ExportRecord,
    ImportRecord,
    LadderStep,
    Notice,
    NoticeRule,
    PhraseTemplate,
    Rearming,
    RoutingRule,
    ServiceLevel,
    Staff,
    Team,
    Timer,
    Topic,
    WorkCalendar,
)
from cases.services import transition_case
from cases.services.levels import publish_version
from cases.services.rearming import standards_changed
from cases.services.ticking import tick
from tests.factories import (
    ContactFactory,
    CustomerFactory,
    DepartmentFactory,
    StaffFactory,
    TeamFactory,
    TopicFactory,
    make_case,
)
from tests.scenes import Scene, make_scene
from tests.site.pages import CASE, address

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.one_database

LIST, PAGE, DESK, DIALOG = 12, 15, 15, 12
PERSON = 25  # each button on the page of a person asks about devices and rights
SIZES = (1, 10, 100)


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def queries_of(staff: Staff, url: str) -> int:
    """How many a fresh visit takes: nothing is remembered of the visit before."""
    client = Client()
    client.force_login(Staff.objects.get(pk=staff.pk))
    client.get(url)  # what the process remembers for all visits, such as content types, is read once
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200, url
    return len(seen)


def counted(staff: Staff, url: str, grow: Callable[[int], object]) -> dict[int, int]:
    """Queries of the page by the number of rows; ``grow`` adds so many."""
    found, rows = {}, 0
    for size in SIZES:
        grow(size - rows)
        rows = size
        found[size] = queries_of(staff, url)
    return found


def is_constant(found: dict[int, int], limit: int) -> None:
    """Where a second page begins, one query more may count the rows."""
    assert max(found.values()) <= min(found[1] + 1, limit), found


def more_cases(scene: Scene, count: int) -> None:
    """Cases of every kind of row: claimed, waiting, of VIP customers, in their second round."""
    for number in range(count):
        case = scene.case(State.ANALYSIS)
        if number % 3 == 1:
            transition_case(case.pk, "wait_for", actor=scene.agent, waiting_for="customer", note="等待资料")


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.MANAGER])
def test_the_list_of_cases(role: Role, scene: Scene) -> None:
    staff = scene.people()[role]
    url = reverse(f"{CASE}_changelist")
    is_constant(counted(staff, url, lambda count: more_cases(scene, count)), LIST)
    for query in (
        "?q=CS",
        "?q=签收",
        "?tab=mine",
        "?tab=late",
        "?state=analysis&type=complaint&urgency=normal",
    ):
        assert queries_of(staff, url + query) <= LIST, query


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_my_desk(role: Role, scene: Scene) -> None:
    found = counted(scene.people()[role], "/admin/", lambda count: more_cases(scene, count))
    is_constant(found, DESK)


def test_the_page_of_a_case_with_a_growing_history(scene: Scene) -> None:
    case = scene.case(State.HANDLING)

    def grow(count: int) -> None:
        for _time in range(count):
            transition_case(
                case.pk,
                "report_progress",
                actor=scene.specialist,
                note="核实中",
                send=True,
                channel="phone",
            )

    is_constant(counted(scene.specialist, reverse(f"{CASE}_change", args=[case.pk]), grow), PAGE)


def test_the_page_of_a_case_of_a_customer_with_many(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)

    def grow(count: int) -> None:
        for _time in range(count):
            scene.case(customer=case.customer)

    is_constant(counted(scene.agent, reverse(f"{CASE}_change", args=[case.pk]), grow), PAGE)


@pytest.mark.parametrize("name", ["dispatch", "reassign", "amend", "contact_customer"])
def test_the_dialogs_with_growing_choices(name: str, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    staff = scene.supervisor if name == "reassign" else scene.agent

    def grow(count: int) -> None:
        for _time in range(count):
            StaffFactory(role=Role.AGENT, teams=[TeamFactory(department=scene.department)])
            TopicFactory()

    is_constant(counted(staff, reverse(f"{CASE}_transition", args=[case.pk, name]), grow), DIALOG)


def test_the_registration_page_with_growing_choices(scene: Scene) -> None:
    def grow(count: int) -> None:
        for _time in range(count):
            TeamFactory()
            TopicFactory()

    is_constant(counted(scene.agent, reverse(f"{CASE}_add"), grow), DIALOG)


def make_customer(staff: Staff) -> None:
    ContactFactory(customer=CustomerFactory(dedicated_agent=staff, vip_level=1))


def make_rule(staff: Staff) -> None:
    RoutingRule.objects.create(team=TeamFactory(), topic=TopicFactory(), type="complaint")


def make_export(staff: Staff) -> None:
    ExportRecord.objects.create(staff=staff, what="case", format="csv", rows=1, sha256="0" * 64)


def make_import(staff: Staff) -> None:
    ImportRecord.objects.create(staff=staff, file_name="a.csv", sha256="0" * 64, created=1, unchanged=0)


def make_access(staff: Staff) -> None:
    ContactAccess.objects.create(staff=staff, customer=CustomerFactory(), reason="回电核实")


def make_notice_rule(staff: Staff) -> None:
    number = NoticeRule.objects.count()
    NoticeRule.objects.create(event_kind=f"kind{number}", whom="handler", channel="inbox")


def make_phrase(staff: Staff) -> None:
    words = {"subject": "{number}", "body": "{number}", "subject_en": "{number}", "body_en": "{number}"}
    number = PhraseTemplate.objects.count()
    PhraseTemplate.objects.create(situation=f"situation{number}", audience="staff", **words)


def make_notice(staff: Staff, case: Case) -> None:
    Notice.objects.create(
        case=case,
        situation="add_note",
        channel="inbox",
        staff=staff,
        language="zh-hans",
        subject=case.number,
        body="请跟进",
        owed_key=f"test{Notice.objects.count()}",
        state="sent",
        sent_at=timezone.now(),
    )


def make_calendar(staff: Staff) -> None:
    calendar = WorkCalendar.objects.create(name=f"日历{WorkCalendar.objects.count()}", country="CN")
    calendar.windows.create(weekday=0, starts=time(9), ends=time(18))
    calendar.years.create(year=2026)


def make_shift(staff: Staff) -> None:
    hours = {"weekday": 0, "starts": time(9), "ends": time(18), "valid_from": date(2026, 1, 1)}
    DutyShift.objects.create(team=TeamFactory(), staff=StaffFactory(), **hours)


def make_absence(staff: Staff) -> None:
    begun = timezone.now()
    absent = {"starts_at": begun, "ends_at": begun + timedelta(days=1)}
    Absence.objects.create(staff=StaffFactory(), stand_in=staff, **absent)


def make_level(staff: Staff) -> None:
    number = ServiceLevel.objects.count()
    level = ServiceLevel.objects.create(name=f"标准{number}")
    publish_version(level, actor=None, position=number, team=TeamFactory())


def make_step(staff: Staff) -> None:
    number = LadderStep.objects.count()
    LadderStep.objects.create(kind="triage", percent=200 + number, whom="handler", channel="inbox")


def make_escalation(staff: Staff) -> None:
    case = make_case(team=staff.teams.first())
    Timer.objects.filter(case=case, kind="first_response").update(next_at=timezone.now())
    tick()


ROWS: dict[type, Callable[[Staff], object]] = {
    WorkCalendar: make_calendar,
    DutyShift: make_shift,
    Absence: make_absence,
    Customer: make_customer,
    Department: lambda staff: DepartmentFactory(),
    Team: lambda staff: TeamFactory(),
    Topic: lambda staff: TopicFactory(),
    RoutingRule: make_rule,
    Staff: lambda staff: StaffFactory(role=Role.AGENT, teams=[TeamFactory()]),
    ExportRecord: make_export,
    ImportRecord: make_import,
    ContactAccess: make_access,
    NoticeRule: make_notice_rule,
    PhraseTemplate: make_phrase,
    ServiceLevel: make_level,
    LadderStep: make_step,
    Rearming: lambda staff: standards_changed("试", actor=staff),
    Escalation: make_escalation,
}


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_the_lists_beside_the_cases(model: type, scene: Scene) -> None:
    def grow(count: int) -> None:
        for _time in range(count):
            ROWS[model](scene.agent)

    is_constant(counted(scene.administrator, reverse(address(model, "changelist")), grow), LIST)


@pytest.mark.parametrize("model", [Customer, Staff], ids=lambda model: model.__name__)
def test_the_pages_of_people_with_growing_choices(model: type, scene: Scene) -> None:
    row = CustomerFactory() if model is Customer else scene.agent

    def grow(count: int) -> None:
        for _time in range(count):
            TeamFactory()
            if model is Customer:
                ContactFactory(customer=row)
            else:
                scene.case(State.ANALYSIS)

    found = counted(scene.administrator, reverse(address(model, "change"), args=[row.pk]), grow)
    is_constant(found, PERSON)


def test_a_growing_inbox(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)

    def grow(count: int) -> None:
        for _time in range(count):
            make_notice(scene.agent, case)

    is_constant(counted(scene.agent, reverse("admin:cases_inbox"), grow), LIST)
    assert queries_of(scene.agent, reverse("admin:cases_told")) <= LIST
    assert queries_of(scene.agent, reverse("admin:cases_inbox_count")) <= 5
    assert queries_of(scene.agent, "/admin/") <= DESK


def test_the_page_of_a_case_with_more_and_more_clocks(scene: Scene) -> None:
    case = scene.case(State.HANDLING)

    def grow(count: int) -> None:
        for _time in range(count):
            transition_case(
                case.pk,
                "contact_customer",
                actor=scene.specialist,
                channel="phone",
                message="仍在核实",
            )

    is_constant(counted(scene.supervisor, reverse(f"{CASE}_change", args=[case.pk]), grow), PAGE)


def test_presence_and_the_refreshed_desk(scene: Scene) -> None:
    more_cases(scene, 10)
    assert queries_of(scene.agent, reverse(f"{CASE}_desk")) <= DESK
    case = Case.objects.latest("pk")
    client = Client()
    client.force_login(scene.agent)
    with CaptureQueriesContext(connection) as seen:
        client.post(reverse(f"{CASE}_presence", args=[case.pk]))
    assert len(seen) <= PAGE
