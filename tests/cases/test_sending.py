"""The outbox: every notice is sent at least once, marked once, tried as planned, given up with its cause."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cases.channels.domains import mail_domain
from cases.choices import NoticeChannel, NoticeState, Role
from cases.exceptions import NotPermitted, NotPossible
from cases.models import CustomerLink, Notice
from cases.notices import leases
from cases.notices.replaying import replay_notice
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, fresh, later, owe, owe_many, send_at_any_hour, setting_of, states
from tests.factories import ContactFactory, CustomerFactory, StaffFactory, make_case
from tests.gateways import HttpGateway, MailGateway

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def any_hour(db: None) -> None:
    send_at_any_hour()


def test_what_is_due_is_sent_once_with_its_key(mail: MailGateway) -> None:
    notice = owe(staff=StaffFactory(email="anna@example.com"))
    assert send_due("email") == 1
    assert send_due("email") == 0
    assert mail.journal.keys == [str(notice.key)]
    sent = fresh(notice)
    assert (sent.state, sent.attempts, sent.error) == (NoticeState.SENT, 1, "")
    assert sent.lease_token is None
    assert sent.sent_at is not None


def test_mails_about_one_case_refer_to_the_same_one(mail: MailGateway, settings: Any) -> None:
    person, case = StaffFactory(email="anna@example.com"), make_case()
    for about in (case, case, make_case(), None):
        owe(staff=person, case=about)
    assert send_due("email") == 4
    referred_to = [delivery.headers.get("references") for delivery in mail.journal.deliveries]
    assert referred_to.count(None) == 1
    assert sorted(Counter(referred_to).values()) == [1, 1, 2]
    assert f"<{case.number}@{mail_domain(settings.SITE_URL)}>" in referred_to


def test_what_is_not_due_or_goes_another_way_is_left_alone(mail: MailGateway) -> None:
    owe(staff=StaffFactory(), next_attempt_at=timezone.now() + timedelta(minutes=1))
    owe(staff=StaffFactory(), channel=NoticeChannel.SMS)
    assert send_due("email") == 0
    assert states() == {"waiting": 2}


def test_a_notice_for_the_inbox_needs_no_sender() -> None:
    owe(staff=StaffFactory(), channel=NoticeChannel.INBOX)
    assert send_due("inbox") == 1
    assert states() == {"sent": 1}


def test_a_failed_attempt_is_repeated_after_longer_and_longer_waits(mail: MailGateway, settings: Any) -> None:
    mail.answers["RCPT"] = "451 later"
    notice = owe(staff=StaffFactory())
    moment, waits = timezone.now(), []
    for attempt in range(1, len(settings.NOTICE_RETRIES) + 2):
        with time_machine.travel(moment, tick=False):
            assert send_due("email") == 0
        notice = fresh(notice)
        assert (notice.attempts, notice.error) == (attempt, "busy: 451")
        if notice.next_attempt_at:
            waits.append((notice.next_attempt_at - moment).total_seconds())
            moment = notice.next_attempt_at
    assert notice.state == NoticeState.DEAD
    planned = [30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200]
    assert all(plan <= wait <= plan * 1.25 for plan, wait in zip(planned, waits, strict=True))


def test_a_refusal_for_good_is_given_up_at_once(mail: MailGateway) -> None:
    mail.answers["RCPT"] = "550 no such person"
    notice = owe(staff=StaffFactory())
    send_due("email")
    assert (fresh(notice).state, fresh(notice).error) == (NoticeState.DEAD, "refused: 550")


def test_a_notice_given_up_can_be_sent_again_with_the_same_key(mail: MailGateway) -> None:
    manager = StaffFactory(role=Role.MANAGER)
    mail.answers["RCPT"] = "550 no such person"
    notice = owe(staff=StaffFactory())
    send_due("email")
    mail.answers.clear()
    replay_notice(notice.pk, actor=manager)
    assert (fresh(notice).attempts, fresh(notice).replayed_by) == (0, manager)
    assert send_due("email") == 1
    assert mail.journal.keys == [str(notice.key)]
    with pytest.raises(NotPossible):
        replay_notice(notice.pk, actor=manager)


def test_only_who_may_sends_again() -> None:
    notice = owe(staff=StaffFactory(), state=NoticeState.DEAD, next_attempt_at=None, error="left")
    for role in (Role.AGENT, Role.SUPERVISOR, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            replay_notice(notice.pk, actor=StaffFactory(role=role))
    assert states() == {"dead": 1}


# --- Leases


def test_two_senders_never_hold_the_same_notice() -> None:
    owe_many(StaffFactory(), 15)
    first, second = leases.claim("email"), leases.claim("email")
    assert (len(first), len(second)) == (15, 0)


def test_who_slept_past_the_lease_changes_nothing(mail: MailGateway) -> None:
    notice = owe(staff=StaffFactory())
    (slow,) = leases.claim("email")
    with later(61):
        (fast,) = leases.claim("email")
        assert not leases.begin(slow)
        assert leases.begin(fast)
        assert leases.mark_sent(fast)
        for stale in (leases.mark_sent, leases.give_back):
            assert not stale(slow)
        assert not leases.put_off(slow, "busy")
        assert not leases.give_up(slow, "refused")
    after = fresh(notice)
    assert (after.state, after.attempts, after.error) == (NoticeState.SENT, 1, "")


def test_a_sender_that_was_killed_is_followed_by_another_with_the_same_key(mail: MailGateway) -> None:
    """Killed after the far side took it: delivered twice under one key, which is what it can fold."""
    notice = owe(staff=StaffFactory())
    (held,) = leases.claim("email")
    assert leases.begin(held)
    assert send_due("email") == 0
    with later(61):
        assert send_due("email") == 1
    assert mail.journal.keys == [str(notice.key)]
    assert fresh(notice).attempts == 2


def test_a_long_batch_keeps_its_leases_alive(mail: MailGateway) -> None:
    first, second = owe_many(StaffFactory(), 2)
    claimed = leases.claim("email")
    with later(59):
        assert leases.begin(claimed[0])
    with later(110):
        assert [notice.pk for notice in leases.claim("email")] == [second.pk]
    assert fresh(first).lease_token == claimed[0].lease_token


def test_a_notice_that_stops_every_sender_is_given_up(settings: Any) -> None:
    settings.NOTICE_RETRIES = [1, 2]
    notice = owe(staff=StaffFactory())
    for attempt in range(3):
        with later(attempt * 120):
            (held,) = leases.claim("email")
            assert leases.begin(held)
    with later(600):
        assert leases.claim("email") == []
    assert (fresh(notice).state, fresh(notice).error) == (NoticeState.DEAD, "interrupted")


def test_no_more_is_begun_when_the_time_is_over(mail: MailGateway) -> None:
    owe_many(StaffFactory(), 3)
    assert send_due("email", seconds=0) == 0
    assert send_due("email", seconds=0.000001) <= 1
    assert Notice.objects.exclude(lease_token=None).count() == 0


# --- What is wrong with one notice belongs to that notice


def test_options_that_are_none_belong_to_the_gateway(
    gateway: HttpGateway, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint_at(gateway.url, NoticeChannel.SMS, options=["not", "an", "object"])
    text = owe(customer=ContactFactory(value="+8613812345678").customer, channel=NoticeChannel.SMS)
    with caplog.at_level(logging.WARNING):
        send_due("sms")
    assert fresh(text).error == "not_set_up"
    assert "13812345678" not in caplog.text


def test_something_unexpected_counts_as_an_attempt(
    mail: MailGateway, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.cases.breaking.BreakingBackend"
    first, second = owe(staff=StaffFactory(email="break@example.com")), owe(staff=StaffFactory())
    with caplog.at_level(logging.ERROR):
        assert send_due("email") == 1
    assert (fresh(first).attempts, fresh(first).error) == (1, "unexpected: ZeroDivisionError")
    assert fresh(second).state == NoticeState.SENT
    assert "ZeroDivisionError" in caplog.text
    assert "example.com" not in caplog.text


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_without_an_address_it_is_given_up_with_the_cause(channel: str, mail: MailGateway) -> None:
    endpoint_at("https://sms.example/", NoticeChannel.SMS, options={"body": {"t": "{text}"}})
    staff = owe(staff=StaffFactory(email=""), channel=channel)
    customer = owe(customer=CustomerFactory(), channel=channel)
    gone = owe(staff=StaffFactory(is_active=False), channel=channel)
    send_due(channel)
    assert [fresh(one).error for one in (staff, customer, gone)] == ["no_address", "no_address", "left"]
    assert states() == {"dead": 3}


def test_the_preferred_contact_comes_first(mail: MailGateway) -> None:
    customer = CustomerFactory()
    ContactFactory(customer=customer, kind="email", value="first@example.com")
    ContactFactory(customer=customer, kind="email", value="preferred@example.com", preferred=True)
    owe(customer=customer)
    send_due("email")
    assert mail.journal.deliveries[0].path == "preferred@example.com"


def test_a_link_is_made_when_it_is_sent_and_only_for_a_customer(mail: MailGateway) -> None:
    case = make_case()
    ContactFactory(customer=case.customer, kind="email", value="c@example.com")
    notice = owe(customer=case.customer, case=case, body="请确认：{link}")
    owe(staff=StaffFactory(), case=case, body="客户写道：{link}")
    owe(customer=case.customer, case=case, body="无链接")
    send_due("email")
    link = CustomerLink.objects.get()
    assert (link.notice, link.case, link.round_number) == (notice, case, 1)
    assert fresh(notice).body == "请确认：{link}"
    bodies = {delivery.key: delivery.text for delivery in mail.journal.deliveries}
    assert "{link}" not in bodies[str(notice.key)]
    assert "http://127.0.0.1:8000/" in bodies[str(notice.key)]


def test_an_endpoint_that_is_switched_off_gets_nothing(gateway: HttpGateway) -> None:
    notice = owe(endpoint=endpoint_at(gateway.url, active=False))
    send_due("webhook")
    assert fresh(notice).error == "switched_off"
    assert gateway.journal.deliveries == []


def test_a_channel_that_is_not_active_waits(mail: MailGateway) -> None:
    owe(staff=StaffFactory())
    setting_of(active=False)
    assert send_due("email") == 0
    assert states() == {"waiting": 1}
    setting_of(active=True)
    assert send_due("email") == 1
