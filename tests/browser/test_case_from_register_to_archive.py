"""One case on its whole way, through the hands of three people, each at their own browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.choices import Language, Outcome, State
from cases.models import Case, Staff, Topic
from cases.seeding.demo import Login, make_demo
from cases.services.reference import ensure_roles, ensure_topics
from tests.browser.people import Person, fill
from tests.invariants import violations

# After a committing test the database is emptied, which on SQLite the append-only events refuse.
pytestmark = [pytest.mark.browser, pytest.mark.postgresql]

DESCRIPTION = "订单显示已签收，但本人没有收到包裹，门口和驿站都找过了"


@pytest.fixture
def logins(live_server: LiveServer) -> dict[str, Login]:
    """The demo organisation: a committing test before this one has emptied even the roles."""
    ensure_roles()
    ensure_topics(Topic)
    return {login.staff.username: login for login in make_demo()}


@pytest.fixture
def come_in(
    live_server: LiveServer, open_page: Callable[..., Page], logins: dict[str, Login]
) -> Callable[..., Person]:
    def one(username: str, **options: object) -> Person:
        page = open_page(**({"viewport": {"width": 1440, "height": 900}} | options))
        person = Person(page, live_server.url)
        person.log_in(logins[username])
        return person

    return one


def local(hours: int) -> str:
    """A moment as the browser's own picker takes it."""
    return f"{timezone.localtime() + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def test_three_people_take_a_case_through_a_second_round_into_the_archive(
    come_in: Callable[..., Person],
) -> None:
    agent, specialist, supervisor = come_in("agent"), come_in("specialist"), come_in("supervisor2")

    register(agent)
    case = Case.objects.latest("pk")
    take_in_and_dispatch(agent, case)

    find_on_the_desk_by_keys(specialist, case)
    handle_by_keys(specialist)
    specialist.move("dispute", score="1", comment="还是没有收到", channel="电话", note="客户来电说仍未收到")

    supervisor.open(page_of(case))
    handle_again(supervisor)

    case.refresh_from_db()
    assert (case.state, case.outcome, case.round_number) == (State.ARCHIVE, Outcome.CONFIRMED, 2)
    assert [row.score for row in case.rounds.order_by("number")] == [1, 5]
    assert violations() == {}
    expect(supervisor.page.locator(".bh-path, [aria-label='状态路径']").first).to_contain_text("归档")
    supervisor.picture("case-archived", whole=True)


def page_of(case: Case) -> str:
    return reverse("admin:cases_case_change", args=[case.pk])


def register(agent: Person) -> None:
    agent.picture("desk")
    agent.open(reverse("admin:cases_case_add"))
    page = agent.page
    page.locator("summary", has_text="新客户").click()
    answers: dict[str, str | bool] = {
        "new_name": "钱*",
        "new_contact_kind": "电话",
        "new_contact": "15400002011",
        "channel": "电话",
        "type": "投诉",
        "topic": "投诉-物流延迟",
        "urgency": "urgent",
        "description": DESCRIPTION,
        "details_confirmed": True,
        "order_number": "SO20260411",
    }
    for field, answer in answers.items():
        fill(page, field, answer)
    agent.picture("registration", whole=True)
    page.locator(".bh-registration button[type=submit].bh-button-primary").click()
    expect(page.get_by_text("已登记").first).to_be_visible()


def take_in_and_dispatch(agent: Person, case: Case) -> None:
    assert page_of(case) in agent.page.url
    agent.move("begin_analysis")
    agent.move(
        "contact_customer",
        channel="电话",
        message="您好，非常抱歉给您带来不便。物流组的同事会在一小时内致电给您。",
    )
    agent.page.locator("a[data-dialog]", has_text="派单").first.click()
    expect(agent.dialog()).to_be_visible()
    agent.picture("dialog")
    agent.page.keyboard.press("Escape")
    expect(agent.dialog()).to_be_hidden()
    agent.move("dispatch", note="客户着急，请尽快核实派件情况")


def find_on_the_desk_by_keys(specialist: Person, case: Case) -> None:
    """Search for the number from the desk and open the only row found, all by keyboard."""
    specialist.open("/admin/")
    specialist.tab_to("#desk-search:focus")
    specialist.page.keyboard.type(case.number)
    specialist.page.keyboard.press("Enter")
    expect(specialist.page.locator("#result_list, .bh-row").first).to_contain_text(case.number)
    specialist.tab_to(f"#result_list a:has-text('{case.number}'):focus")
    specialist.page.keyboard.press("Enter")
    expect(specialist.page.locator(".bh-case-head")).to_contain_text(case.number)


def handle_by_keys(specialist: Person) -> None:
    page = specialist.page
    specialist.tab_to("a[data-dialog]:has-text('接单'):focus")
    page.keyboard.press(" ")
    expect(specialist.dialog()).to_be_visible()
    specialist.tab_to("#transition-dialog [data-fill]:focus")  # the first quick moment
    page.keyboard.press("Enter")
    specialist.tab_to("#transition-dialog button[type=submit]:focus")
    page.keyboard.press("Enter")
    specialist.see_done("accept")
    specialist.move("report_progress", note="已联系驿站，确认派件员误投", send=True, channel="电话")
    specialist.picture("case", whole=True)
    specialist.move("deliver", result="已找回包裹并重新派送", proof="物流单号 SF10020030")


def handle_again(supervisor: Person) -> None:
    supervisor.move("accept", promised_at=local(8))
    supervisor.move("submit_plan", plan="派件前电话联系；签收必须拍照；三日后回访")
    supervisor.move("deliver", result="主管陪同派件员当面送达", proof="物流单号 SF10020031")
    supervisor.move("confirm", score="5", comment="这次很满意", channel="电话", note="回访电话确认")


def test_pictures_of_the_workplace(come_in: Callable[..., Person]) -> None:
    """Desk, list and page open without a complaint of the browser: dark, in English, on a telephone."""
    some_case = Case.objects.filter(state=State.HANDLING, round_number=2).latest("pk")
    manager = come_in("manager")
    manager.open(reverse("admin:cases_case_changelist"))
    expect(manager.page.locator("#result_list").first).to_be_visible()
    manager.picture("case-list")

    dark = come_in("supervisor", color_scheme="dark")
    dark.open(reverse("admin:cases_case_changelist"))
    dark.picture("case-list-dark")

    Staff.objects.filter(username="manager").update(language=Language.ENGLISH)
    english = come_in("manager")
    english.open(page_of(some_case))
    english.picture("case-english", whole=True)

    phone = come_in("agent", viewport={"width": 390, "height": 844})
    phone.picture("desk-390", whole=True)
    phone.open(reverse("admin:cases_case_changelist"))
    phone.picture("case-list-390")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
