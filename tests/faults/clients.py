"""Who is at work during a trial: agents, specialists and readers of both departments, and customers."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from cases.choices import State
from cases.models import Case
from cases.services.customer_links import issue_link
from tests.faults.world import a_type

if TYPE_CHECKING:
    from tests.faults.browser import Answer, Browser
    from tests.faults.journal import Journal
    from tests.faults.world import Branch, World

ADD, CASES, DESK = "/admin/cases/case/add/", "/admin/cases/case/", "/admin/"
CASE_PAGE = re.compile(r"/admin/cases/case/(\d+)/change/")
TRIES = 4


class Client:
    pause = 3.0  # seconds between two errands, on the average

    def __init__(self, world: World, journal: Journal) -> None:
        self.world, self.journal = world, journal

    def do_something(self) -> None:
        raise NotImplementedError

    def send(self, browser: Browser, path: str, **fields: object) -> Answer:
        return self.journal.look_at(browser.send_form(path, fields))

    def visit(self, browser: Browser, path: str) -> Answer:
        return self.journal.look_at(browser.visit(path))


class OfBranch(Client):
    def __init__(self, world: World, journal: Journal, branch: Branch) -> None:
        super().__init__(world, journal)
        self.branch = branch


class Agent(OfBranch):
    def do_something(self) -> None:
        browser = self.world.browsers.of(random.choice(self.branch.agents).username)
        register(browser, self.journal, random.choice(self.branch.customers).number)


def register(browser: Browser, journal: Journal, customer: str) -> int | None:
    """Send one page until it is answered, as somebody does who sees an error; the id of the case."""
    page = browser.visit(ADD)
    if page.status != 200:
        return None
    fields = {**page.hidden, **request_of(customer)}
    for _try in range(TRIES):
        answer = journal.look_at(browser.post(ADD, fields))
        if answer.status == 200 and (found := CASE_PAGE.search(answer.url)):
            journal.accept(int(found.group(1)))
            return int(found.group(1))
    return None


def request_of(customer: str) -> dict[str, str]:
    """What is filled in on the page of registration."""
    return {
        "customer": customer,
        "channel": "phone",
        "type": a_type(),
        "description": "订单显示已签收，但未收到货",
        "urgency": "normal",
        "despite_duplicates": "on",
    }


class Specialist(OfBranch):
    def do_something(self) -> None:
        staff = random.choice(self.branch.specialists)
        mine = Q(handler=None, team=self.branch.back) | Q(handler=staff)
        case = a_case(self.world, mine, State.HANDLING)
        if case is None:
            return
        step, fields = _next_step(case)
        path = f"/admin/cases/case/{case.pk}/transition/{step}/"
        self.send(self.world.browsers.of(staff.username), path, **fields)


def _next_step(case: Case) -> tuple[str, dict[str, str]]:
    if case.accepted_at is None:
        return "accept", moment_in_four_hours("promised_at")
    if random.random() < 0.3:
        return "deliver", {"result": "已补发", "proof": "SF1"}
    return "report_progress", {"note": "已联系物流"}


class Rater(Client):
    pause = 2.0

    def do_something(self) -> None:
        case = a_case(self.world, Q(), State.CONFIRMATION)
        if case is None:
            return
        link = issue_link(case_id=case.pk, round_number=case.round_number)
        said = {"solved": random.choice(["yes", "no"]), "score": random.choice([4, 5]), "comment": "谢谢"}
        self.send(self.world.browsers.of_a_customer(), link, **said)


class Reader(Client):
    """Somebody at their desk or with the list of cases; what they are shown is looked at after the trial."""

    pause = 1.5

    def do_something(self) -> None:
        who = random.choice(self.world.people)
        self.visit(self.world.browsers.of(who.username), random.choice((CASES, DESK)))


def a_case(world: World, narrowed: Q, state: State) -> Case | None:
    """Read beside the site: what a person would pick from a list. The contested ones are left alone."""
    newest = list(world.cases(state).filter(narrowed).order_by("-pk")[:20])
    return random.choice(newest) if newest else None


def moment_in_four_hours(name: str) -> dict[str, str]:
    """As the browser's own input for moments sends it, in the site's time zone."""
    moment = timezone.localtime() + timedelta(hours=4)
    return {name: f"{moment:%Y-%m-%dT%H:%M}"}
