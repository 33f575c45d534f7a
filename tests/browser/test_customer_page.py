"""The customer's page in a real browser: by keyboard, without scripts, on a small screen, for everybody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from cases.choices import ClockKind, Outcome, State
from cases.models import Case, Customer, Team, Timer, Topic
from cases.services.calendar_seed import ensure_calendars
from cases.services.customer_links import issue_link, revoke_links
from cases.services.reference import ensure_roles, ensure_topics
from cases.services.standards_seed import ensure_standards
from tests.factories import CustomerFactory
from tests.invariants import violations
from tests.scenes import Scene, make_scene

# After a committing test the database is emptied, which on SQLite the append-only events refuse.
pytestmark = [pytest.mark.browser, pytest.mark.postgresql]

SMALL = {"width": 360, "height": 740}
PICTURES = os.environ.get("CUSTOMER_PICTURES")
FURTHEST_TAB = 30


@pytest.fixture
def scene(live_server: LiveServer) -> Iterator[Scene]:
    ensure_roles()
    ensure_topics(Topic)
    ensure_calendars(apps)
    ensure_standards(apps)
    with override_settings(SITE_URL=live_server.url):
        scene = make_scene()
        Team.objects.filter(pk=scene.back.pk).update(name="物流组", name_en="Logistics")
        scene.back.refresh_from_db()
        yield scene


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open a link as a customer; fails when anything is refused by the policy or asked for elsewhere."""
    pages: list[Page] = []
    complaints: list[str] = []

    def one(url: str, **options: Any) -> Page:
        context = chromium.new_context(
            **({"viewport": SMALL, "locale": "zh-CN", "timezone_id": "Asia/Shanghai"} | options)
        )
        page = context.new_page()
        site = url.split("/c/")[0]
        page.on("console", lambda said: complaints.append(said.text) if "Policy" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(site) else complaints.append(asked.url))
        pages.append(page)
        page.goto(url)
        return page

    yield one
    cookies = [page.context.cookies() for page in pages]
    for page in pages:
        page.context.close()
    assert complaints == []
    assert not any(cookies)


def link_to(case: Case) -> str:
    return issue_link(case_id=case.pk, round_number=case.round_number)


def customer(language: str = "zh-hans") -> Customer:
    name = "李小明" if language == "zh-hans" else "Anna Smith"
    made: Customer = CustomerFactory(name=name, language=language)
    return made


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _press in range(FURTHEST_TAB):
        if page.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def refuse_barriers(page: Page, name: str) -> None:
    """Nothing that axe finds serious; nothing wider than the screen; a picture for a person to look at."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_page_bars_anybody(
    scene: Scene, visit: Callable[..., Page], live_server: LiveServer, language: str, scheme: str
) -> None:
    case = scene.case(State.CONFIRMATION, customer=customer(language))
    link = link_to(case)
    seen = f"{language}-{scheme}"
    page = visit(link, color_scheme=scheme)
    refuse_barriers(page, f"1-ask-{seen}")
    page.locator("button").click()
    expect(page.get_by_role("alert")).to_be_focused()
    refuse_barriers(page, f"2-problems-{seen}")
    page.locator("label[for=solved-yes]").click()
    page.locator("label[for=score-4]").click()
    page.locator("button").click()
    page.wait_for_url("**#answer")
    refuse_barriers(page, f"3-thanks-{seen}")
    page.locator("summary").click()
    page.locator("label[for=solved-no]").click()
    page.fill("textarea", "又坏了\nIt broke again")
    page.locator("button").click()
    expect(page.locator(".note").first).to_contain_text(str(scene.supervisor))
    refuse_barriers(page, f"4-dispute-{seen}")
    page.goto(f"{live_server.url}/c/unknown/")
    refuse_barriers(page, f"5-missing-{seen}")
    assert 429 in [page.request.get(link).status for _time in range(30)]
    page.goto(link)
    refuse_barriers(page, f"6-too-often-{seen}")
    case.refresh_from_db()
    assert (case.state, case.round_number) == (State.HANDLING, 2)
    assert Timer.objects.running().filter(case=case, kind=ClockKind.IMPROVEMENT_PLAN).exists()
    assert violations() == {}


def test_without_scripts_and_by_keyboard_alone_a_customer_answers(
    scene: Scene, visit: Callable[..., Page]
) -> None:
    case = scene.case(State.CONFIRMATION, customer=customer())
    page = visit(link_to(case), java_script_enabled=False)
    tab_to(page, "#solved-yes")
    page.keyboard.press("Space")
    tab_to(page, "#score-5")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#comment")
    page.keyboard.type("谢谢")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    page.wait_for_url("**#answer")
    expect(page.locator("#answer")).to_contain_text("谢谢")
    case.refresh_from_db()
    assert case.outcome == Outcome.CONFIRMED
    assert case.rounds.get().score == 4
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    tab_to(page, "#solved-yes")
    page.keyboard.press("ArrowDown")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    expect(page.locator(".note").first).to_contain_text(str(scene.supervisor))
    assert violations() == {}


def test_the_language_is_switched_by_a_link_and_stays_with_the_answer(
    scene: Scene, visit: Callable[..., Page]
) -> None:
    case = scene.case(State.CONFIRMATION, customer=customer())
    page = visit(link_to(case), java_script_enabled=False)
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.check("#solved-yes")
    page.check("#score-3")
    page.locator("button").click()
    expect(page.locator("#answer h2")).to_have_text("Your answer")


def test_a_page_left_open_while_its_link_was_revoked_says_it_does_not_work(
    scene: Scene, visit: Callable[..., Page]
) -> None:
    case = scene.case(State.CONFIRMATION, customer=customer())
    page = visit(link_to(case))
    revoke_links(case.pk, actor=None)
    page.check("#solved-yes")
    page.check("#score-5")
    page.locator("button").click()
    expect(page.locator("h2")).to_have_text("This link does not work")
    case.refresh_from_db()
    assert case.state == State.CONFIRMATION
