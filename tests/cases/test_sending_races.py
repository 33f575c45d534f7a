"""Several senders at once, in real threads: each notice is delivered once, whoever claims it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from cases.choices import ContactKind, NoticeChannel, NoticeState, Situation, State
from cases.models import Notice
from cases.notices import leases
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, fresh, owe, owe_many, setting_of, states
from tests.cases.telling import forget_notices, reachable
from tests.cases.test_notices_owed_races import organisation as organisation
from tests.factories import StaffFactory
from tests.gateways import HttpGateway, MailGateway, Talk
from tests.scenes import Scene

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


def test_a_crowd_that_comes_in_while_somebody_claims_is_put_together(pool: ThreadPoolExecutor) -> None:
    """Committed after the claim has looked for crowds, and before it has ended."""
    anna, long_ago = StaffFactory(), timezone.now() - timedelta(minutes=1)
    came: list[str] = []

    def come(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if "GROUP BY" in sql and not came:
            came.append(sql)
            pool.submit(owe_many, anna, 25, next_attempt_at=long_ago).result()
        return answer

    first = owe(staff=anna, next_attempt_at=long_ago)
    with connection.execute_wrapper(come):
        claimed = [*leases.claim("email"), *leases.claim("email")]
    assert came
    assert [notice.situation for notice in claimed] == [first.situation, Situation.DIGEST]


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


# --- The database goes away


def cut_every_connection() -> None:
    """As a restart of the server does, from a connection of this thread."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def cut_and(answer: int) -> Any:
    """The database is lost between the arrival of the first notice and the answer."""
    left = [cut_every_connection]

    def behave(talk: Talk) -> None:
        if left:
            left.pop()()
        talk.answer(answer)

    return behave


def test_who_lives_on_marks_what_was_sent_on_a_fresh_connection(gateway: HttpGateway) -> None:
    """Nothing is sent twice, and what was claimed beside it does not wait for the end of the lease."""
    endpoint = endpoint_at(gateway.url)
    for _number in range(5):
        owe(endpoint=endpoint)
    gateway.behave(cut_and(200))
    assert send_due("webhook") == 5
    assert set(Counter(gateway.journal.keys).values()) == {1}
    assert states() == {"sent": 5}


def test_a_failure_is_counted_on_a_fresh_connection_too(gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url)
    first, second = owe(endpoint=endpoint), owe(endpoint=endpoint)
    gateway.behave(cut_and(500))
    assert send_due("webhook") == 0
    assert (fresh(first).error, fresh(first).lease_token) == ("busy: 500", None)
    assert fresh(second).lease_token is None
    endpoint.refresh_from_db()
    assert endpoint.failures == 1


def test_a_refusal_is_given_up_with_what_takes_its_place(gateway: HttpGateway, organisation: Scene) -> None:
    options = {"body": {"to": "{phone}", "key": "{key}"}, "success": {"statuses": [200]}}
    endpoint_at(gateway.url, NoticeChannel.SMS, options=options)
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    case = organisation.case(State.CONFIRMATION, customer=reachable((ContactKind.PHONE, "+8613812345678")))
    forget_notices()
    gateway.behave(cut_and(400))
    send_due("sms")
    refused = case.notices.filter(customer=case.customer)
    assert set(refused.values_list("state", flat=True)) == {NoticeState.DEAD}
    words = case.notices.filter(situation=Situation.UNREACHABLE)
    assert words.values("event").distinct().count() == words.count() == refused.count() == 2


def test_when_the_lease_is_over_the_run_is_left(gateway: HttpGateway, settings: Any) -> None:
    """Away for longer than that: another sends it, under the same key."""
    settings.NOTICE_LEASE = timedelta(0)
    owe(endpoint=endpoint_at(gateway.url))
    gateway.behave(cut_and(200))
    with pytest.raises((OperationalError, InterfaceError)):
        send_due("webhook")
    connection.close()
    assert states() == {"waiting": 1}
    assert send_due("webhook") == 1
    assert len(set(gateway.journal.keys)) == 1
