"""Several senders at once, in real threads: each notice is delivered once, whoever claims it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from cases.choices import NoticeState
from cases.models import Notice
from cases.notices import leases
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, owe, owe_many, setting_of, states
from tests.factories import StaffFactory
from tests.gateways import HttpGateway, MailGateway

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
SENDERS = 6


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads with a connection each, closed before the database is emptied."""
    with ThreadPoolExecutor(SENDERS) as threads:
        yield threads
        together(threads, close_connection)


def close_connection() -> None:
    """Of the thread that calls."""
    connection.close()


def together(pool: ThreadPoolExecutor, job: Any) -> list[Any]:
    start = Barrier(SENDERS)

    def run(_number: int) -> Any:
        start.wait()
        return job()

    return list(pool.map(run, range(SENDERS)))


def send_all(channel: str) -> int:
    """As a worker does, again and again; returns how many it sent."""
    sent = 0
    while Notice.objects.filter(channel=channel, state=NoticeState.WAITING).exists():
        sent += send_due(channel)
    return sent


def test_six_senders_deliver_each_mail_once(mail: MailGateway, pool: ThreadPoolExecutor) -> None:
    for _number in range(60):
        owe(staff=StaffFactory())
    assert sum(together(pool, lambda: send_all("email"))) == 60
    assert states() == {"sent": 60}
    assert len(mail.journal.keys) == len(set(mail.journal.keys)) == 60


def test_six_senders_call_each_webhook_once(gateway: HttpGateway, pool: ThreadPoolExecutor) -> None:
    endpoints = [endpoint_at(gateway.url) for _number in range(3)]
    for number in range(60):
        owe(endpoint=endpoints[number % 3])
    together(pool, lambda: send_all("webhook"))
    assert set(Counter(gateway.journal.keys).values()) == {1}
    assert len(gateway.journal.keys) == 60


def test_six_senders_together_keep_the_rate(mail: MailGateway, pool: ThreadPoolExecutor) -> None:
    setting_of(per_minute=10)
    for _number in range(40):
        owe(staff=StaffFactory())
    assert sum(together(pool, lambda: send_due("email"))) == 10


def test_six_senders_make_one_digest(mail: MailGateway, pool: ThreadPoolExecutor) -> None:
    owe_many(StaffFactory(), 50)
    together(pool, lambda: send_due("email"))
    assert states() == {"sent": 1, "digested": 50}
    assert len(mail.journal.keys) == 1


def test_six_senders_claim_nothing_twice(pool: ThreadPoolExecutor) -> None:
    for _number in range(100):
        owe(staff=StaffFactory())
    claims = together(pool, lambda: leases.claim("email"))
    claimed = [notice.pk for claim in claims for notice in claim]
    assert len(claimed) == len(set(claimed)) == 100


def test_one_of_six_decides_about_a_doubtful_channel(gateway: HttpGateway, pool: ThreadPoolExecutor) -> None:
    endpoint = endpoint_at(gateway.url, failures=5)
    for _number in range(10):
        owe(endpoint=endpoint)
    gateway.behave(lambda talk: talk.answer(500))
    together(pool, lambda: send_due("webhook"))
    assert len(gateway.journal.keys) == 1
