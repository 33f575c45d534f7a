"""About five requests a second, as staff and customers make them, and a journal of what was accepted."""

from __future__ import annotations

import json
import os
import random
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connections

from cases.choices import State
from cases.models import Case
from cases.services.customer_links import issue_link
from tests.faults.browser import Answer, Browser
from tests.faults.world import PASSWORD, a_type

if TYPE_CHECKING:
    from tests.faults.world import World

ADD = "/admin/cases/case/add/"
CASE_PAGE = re.compile(r"/admin/cases/case/(\d+)/change/")
PAUSE = 0.4  # seconds between two requests of one client
TRIES = 4


@dataclass
class Journal:
    """What the site said yes to, on the disk before the client goes on; ``seconds`` each request took."""

    path: Path
    accepted: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, case_id: int) -> None:
        with self._lock, self.path.open("a") as file:
            file.write(json.dumps({"case": case_id}) + "\n")
            file.flush()
            os.fsync(file.fileno())
            self.accepted.append(case_id)

    def time(self, answer: Answer, began: float) -> Answer:
        with self._lock:
            self.seconds.append(time.monotonic() - began)
            # A page of ours that failed without saying 503 is a fault, whatever was broken behind it.
            if answer.status == 500:
                self.broken.append(f"{answer.url}: {answer.body[:200]}")
        return answer


class Load:
    """``with Load(...) as load:`` goes on until the block is left."""

    def __init__(self, site: str, world: World, journal: Journal) -> None:
        self.site, self.world, self.journal = site, world, journal
        self._stopping = threading.Event()
        clients = (self._agent, self._specialist, self._customer)
        self._threads = [threading.Thread(target=self._go_on, args=(client(),)) for client in clients]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, client: Client) -> None:
        while not self._stopping.is_set():
            try:
                client.do_something()
            except (OperationalError, InterfaceError):  # of our own look beside the site, in an outage
                connections.close_all()
            self._stopping.wait(random.uniform(0, 2 * PAUSE))
        connections.close_all()

    def _agent(self) -> Client:
        return Agent(self, random.choice(self.world.agents).username)

    def _specialist(self) -> Client:
        return Specialist(self, random.choice(self.world.specialists).username)

    def _customer(self) -> Client:
        return Rater(self, "")


class Client:
    def __init__(self, load: Load, username: str) -> None:
        self.journal, self.world = load.journal, load.world
        self.browser = Browser(load.site, username, PASSWORD)

    def do_something(self) -> None:
        raise NotImplementedError

    def send(self, path: str, **fields: object) -> Answer:
        began = time.monotonic()
        return self.journal.time(self.browser.send_form(path, fields), began)

    def random_case(self, state: State) -> Case | None:
        """Read beside the site: what a person would pick from a list."""
        return Case.objects.filter(state=state).order_by("?").first()


class Agent(Client):
    def do_something(self) -> None:
        register(self, random.choice(self.world.customers).number)


def register(client: Client, customer: str) -> int | None:
    """Send one page until it is answered, as somebody does who sees an error; the id of the case."""
    page = client.browser.get(ADD)
    if "/login/" in page.url and client.browser.log_in():
        page = client.browser.get(ADD)
    if page.status != 200:
        return None
    fields = {
        **page.hidden,
        "customer": customer,
        "channel": "phone",
        "type": a_type(),
        "description": "订单显示已签收，但未收到货",
        "urgency": "normal",
        "despite_duplicates": "on",
    }
    for _try in range(TRIES):
        began = time.monotonic()
        answer = client.journal.time(client.browser.post(ADD, fields), began)
        if answer.status == 200 and (found := CASE_PAGE.search(answer.url)):
            client.journal.accept(int(found.group(1)))
            return int(found.group(1))
    return None


class Specialist(Client):
    def do_something(self) -> None:
        case = self.random_case(State.HANDLING)
        if case is None:
            return
        path = f"/admin/cases/case/{case.pk}/transition/"
        if case.accepted_at is None:
            self.send(f"{path}accept/", **moment_in_four_hours("promised_at"))
        else:
            self.send(f"{path}report_progress/", note="已联系物流")


class Rater(Client):
    def do_something(self) -> None:
        case = self.random_case(State.CONFIRMATION)
        if case is None:
            return
        link = issue_link(case_id=case.pk, round_number=case.round_number)
        self.send(link, solved=random.choice(["yes", "no"]), score=random.choice([4, 5]), comment="谢谢")


def moment_in_four_hours(name: str) -> dict[str, str]:
    """As the browser's own input for moments sends it, in the site's time zone."""
    from datetime import timedelta

    from django.utils import timezone

    moment = timezone.localtime() + timedelta(hours=4)
    return {name: f"{moment:%Y-%m-%dT%H:%M}"}
