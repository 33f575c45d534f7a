"""Breakers, rates and quiet hours: when nothing is tried, and what goes on all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.choices import NoticeChannel, NoticeState
from cases.models import Endpoint, Notice
from cases.notices import breakers, leases
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, fresh, later, owe, setting_of, states
from tests.factories import StaffFactory, TeamFactory, make_case
from tests.gateways import HttpGateway, MailGateway, Talk

pytestmark = pytest.mark.django_db


def failing(talk: Talk) -> None:
    talk.answer(500)


def test_after_five_failures_in_a_row_nothing_is_tried_for_a_while(gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url)
    for _number in range(8):
        owe(endpoint=endpoint)
    gateway.behave(failing)
    for _run in range(9):
        send_due("webhook")
    assert len(gateway.journal.deliveries) == 5
    endpoint.refresh_from_db()
    assert endpoint.failures == 5
    assert endpoint.open_until is not None
    assert endpoint.open_until > timezone.now()


def test_a_doubtful_channel_lets_one_try_and_waits_longer_each_time(gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url)
    notices = [owe(endpoint=endpoint) for _number in range(30)]
    gateway.behave(failing)
    for _run in range(6):
        send_due("webhook")
    waits = []
    moment = timezone.now()
    for tries in range(6, 12):
        endpoint.refresh_from_db()
        assert endpoint.open_until is not None
        moment = endpoint.open_until
        with time_machine.travel(moment, tick=False):
            send_due("webhook")
            assert len(gateway.journal.deliveries) == tries
            endpoint.refresh_from_db()
            assert endpoint.open_until is not None
            waits.append((endpoint.open_until - moment).total_seconds())
    assert waits == [30, 60, 120, 240, 300, 300]
    gateway.behave(lambda talk: talk.answer(200))
    with time_machine.travel(moment + timedelta(hours=1), tick=False):
        send_due("webhook")
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.open_until) == (0, None)
    assert {fresh(notice).state for notice in notices} == {NoticeState.SENT}


def test_only_one_sender_tries_a_doubtful_channel(gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url, failures=5)
    for _number in range(2):
        owe(endpoint=endpoint)
    (first,), (second,) = leases.claim("webhook"), leases.claim("webhook")
    assert leases.begin(first, endpoint)
    assert not leases.begin(second, endpoint)
    assert leases.claim("webhook") == []
    assert (fresh(second).lease_token, fresh(second).attempts) == (None, 0)


def test_what_is_given_back_untried_costs_no_rate(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.WECOM, per_minute=20)
    endpoint = endpoint_at(gateway.url, NoticeChannel.WECOM)
    for _number in range(20):
        owe(endpoint=endpoint)
    for _run in range(4):
        for notice in leases.claim("wecom"):
            leases.give_back(notice)
    assert send_due("wecom") == 20


def test_a_doubtful_way_whose_trial_is_given_back_is_tried_by_the_next(gateway: HttpGateway) -> None:
    notice = owe(endpoint=endpoint_at(gateway.url, failures=5))
    (held,) = leases.claim("webhook")
    leases.give_back(held)
    assert send_due("webhook") == 1
    assert fresh(notice).state == NoticeState.SENT


def test_who_comes_too_late_to_a_notice_takes_neither_trial_nor_rate(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.WEBHOOK, per_minute=1)
    endpoint = endpoint_at(gateway.url, failures=5)
    owe(endpoint=endpoint)
    (slow,) = leases.claim("webhook")
    with later(61):
        (fast,) = leases.claim("webhook")
        assert not leases.begin(slow, endpoint)
        assert leases.begin(fast, endpoint)


def test_senders_together_begin_no_more_than_the_rate(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.WECOM, per_minute=7)
    endpoint = endpoint_at(gateway.url, NoticeChannel.WECOM)
    for _number in range(10):
        owe(endpoint=endpoint)
    held = [*leases.claim("wecom"), *leases.claim("wecom")]
    assert [leases.begin(notice, endpoint) for notice in held] == [True] * 7 + [False] * 3


def test_one_broken_webhook_does_not_stop_the_others(gateway: HttpGateway, settings: Any) -> None:
    with HttpGateway(failing) as broken:
        settings.OUTGOING_ALLOW = [gateway.address, broken.address]
        bad, good = endpoint_at(broken.url), endpoint_at(gateway.url)
        for _number in range(8):
            owe(endpoint=bad)
        notices = [owe(endpoint=good) for _number in range(8)]
        send_due("webhook")
    assert {fresh(notice).state for notice in notices} == {NoticeState.SENT}
    assert Notice.objects.filter(endpoint=bad, attempts=0).count() == 7


def just_now() -> dict[str, int]:
    """One attempt in this second."""
    return {str(int(timezone.now().timestamp())): 1}


def test_a_way_that_failed_has_one_letter_a_minute_before_those_that_work(gateway: HttpGateway) -> None:
    """However much those have to do: it may be well again."""
    well, failed = endpoint_at(gateway.url), endpoint_at(gateway.url, failures=1)
    for _number in range(3):
        owe(endpoint=well)
    owed = [owe(endpoint=failed) for _number in range(3)]
    claimed = leases.claim("webhook")
    assert [notice.endpoint == failed for notice in claimed] == [True, False, False, False, True, True]
    assert claimed[0] == owed[0]

    assert leases.begin(claimed[0], failed)
    for notice in claimed[1:]:
        leases.give_back(notice)
    again = leases.claim("webhook")
    assert [notice.endpoint == failed for notice in again] == [False, False, False, True, True]


@contextmanager
def hanging(gateway: HttpGateway, settings: Any) -> Iterator[HttpGateway]:
    """Beside a gateway that is well one that never answers; it is given up after more than a second."""
    settings.OUTGOING_SECONDS = 1.1
    with HttpGateway(Talk.never_answer) as silent:
        settings.OUTGOING_ALLOW = [gateway.address, silent.address]
        yield silent


def test_a_robot_that_hangs_holds_the_others_up_once(gateway: HttpGateway, settings: Any) -> None:
    """A run has time for one that hangs; from its first failure on it comes after those that work."""
    with hanging(gateway, settings) as silent:
        slow, well = (endpoint_at(one.url, NoticeChannel.WECOM) for one in (silent, gateway))
        for endpoint in (slow, well):
            for _number in range(10):
                owe(endpoint=endpoint)
        sent = [send_due("wecom", seconds=1) for _run in range(2)]
    assert sent == [0, 5]
    assert len(silent.journal.deliveries) == 2


def test_the_trial_of_a_robot_that_hangs_comes_after_what_works(gateway: HttpGateway, settings: Any) -> None:
    with hanging(gateway, settings) as silent:
        owe(endpoint=endpoint_at(silent.url, failures=7, begun_lately=just_now()))
        for _number in range(5):
            owe(endpoint=endpoint_at(gateway.url))
        assert send_due("webhook", seconds=1) == 5
    assert len(silent.journal.deliveries) == 1


def test_a_gateway_that_hangs_comes_after_those_that_work(gateway: HttpGateway, settings: Any) -> None:
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    options = {"body": {"to": "{phone}"}, "success": {"statuses": [200]}}
    own, other = make_case(team=TeamFactory()), make_case(team=TeamFactory())
    anna = StaffFactory(mobile="+8613812345678")
    with hanging(gateway, settings) as silent:
        endpoint_at(
            silent.url, NoticeChannel.SMS, options=options, team=own.team, failures=1, begun_lately=just_now()
        )
        endpoint_at(gateway.url, NoticeChannel.SMS, options=options, team=other.team)
        owe(staff=anna, case=own, channel=NoticeChannel.SMS)
        owe(staff=anna, case=other, channel=NoticeChannel.SMS)
        assert send_due("sms", seconds=1) == 1


def test_refusals_are_answers_and_open_no_breaker(mail: MailGateway) -> None:
    mail.answers["RCPT"] = "550 no such person"
    for _number in range(7):
        owe(staff=StaffFactory())
    send_due("email")
    assert states() == {"dead": 7}
    assert setting_of().failures == 0


def test_who_was_never_called_decides_nothing(gateway: HttpGateway) -> None:
    setting_of(failures=6)
    owe(staff=StaffFactory(email=""))
    owe(staff=StaffFactory(email=""))
    send_due("email")
    assert states() == {"dead": 2}
    assert (setting_of().failures, setting_of().open_until) == (6, None)


def test_no_more_is_sent_in_a_minute_than_allowed(mail: MailGateway) -> None:
    setting_of(per_minute=3)
    for _number in range(7):
        owe(staff=StaffFactory())
    moment = timezone.now()
    for minute in range(3):
        with time_machine.travel(moment + timedelta(seconds=61 * minute), tick=False):
            send_due("email")
            assert send_due("email") == 0
        assert len(mail.journal.deliveries) == min(3 * (minute + 1), 7)


def test_no_minute_has_more_than_the_rate_wherever_it_begins(gateway: HttpGateway) -> None:
    """One message at first, the rest of the minute at its end: the next minute does not begin afresh."""
    setting_of(NoticeChannel.DINGTALK, per_minute=20)
    endpoint = endpoint_at(gateway.url, NoticeChannel.DINGTALK)
    first = timezone.now().replace(microsecond=0)
    sent = []
    for seconds, many in ((0, 1), (59, 30), (60, 0), (61, 0), (119, 0), (120, 0)):
        for _number in range(many):
            owe(endpoint=endpoint, next_attempt_at=first)
        with time_machine.travel(first + timedelta(seconds=seconds), tick=False):
            sent.append(send_due("dingtalk"))
    assert sent == [1, 19, 0, 1, 0, 10]


@given(
    rate=st.integers(1, 40),
    gaps=st.lists(st.floats(0, 20) | st.sampled_from([0.0, 0.999999, 1.0, 59.0, 60.0, 61.0]), max_size=150),
)
def test_however_it_is_asked_for_no_minute_has_more_than_the_rate(rate: int, gaps: list[float]) -> None:
    way = Endpoint(channel=NoticeChannel.WECOM)
    begun, now = [], datetime(2024, 10, 1, tzinfo=UTC)
    for gap in gaps:
        now += timedelta(seconds=gap)
        if breakers.allowance(way, rate, now):
            breakers.count(way, now)
            begun.append(now)
    most = max((sum(at <= other < at + timedelta(minutes=1) for other in begun) for at in begun), default=0)
    assert most <= rate
    assert breakers.allowance(way, rate, now + timedelta(seconds=61)) == rate
    assert len(way.begun_lately) <= 61


def test_what_a_clock_set_back_has_left_behind_counts_no_longer() -> None:
    way, now = Endpoint(channel=NoticeChannel.WECOM), timezone.now()
    breakers.count(way, now + timedelta(hours=1))
    assert breakers.allowance(way, 3, now) == 3


def test_feishu_gets_no_more_than_five_within_a_second(gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url, NoticeChannel.FEISHU)
    first = timezone.now().replace(microsecond=0)
    for _number in range(12):
        owe(endpoint=endpoint, next_attempt_at=first)
    sent = []
    for seconds in (0.9, 1.1, 1.9, 2.0, 2.9, 5):
        with time_machine.travel(first + timedelta(seconds=seconds), tick=False):
            sent.append(send_due("feishu"))
    assert sent == [5, 0, 0, 5, 0, 2]


def test_each_robot_has_a_rate_of_its_own(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.WECOM, per_minute=2)
    for _robot in range(2):
        endpoint = endpoint_at(gateway.url, NoticeChannel.WECOM)
        for _number in range(3):
            owe(endpoint=endpoint)
    send_due("wecom")
    assert states() == {"sent": 4, "waiting": 2}


def test_in_quiet_hours_only_what_is_urgent_is_sent(mail: MailGateway) -> None:
    setting_of(quiet_from="22:00", quiet_until="08:00", time_zone="Asia/Shanghai")
    night = datetime.fromisoformat("2024-10-01T23:30:00+08:00")
    morning = datetime.fromisoformat("2024-10-02T08:00:00+08:00")
    with time_machine.travel(night, tick=False):
        calm, pressing = owe(staff=StaffFactory()), owe(staff=StaffFactory(), urgent=True)
        assert send_due("email") == 1
    assert fresh(pressing).state == NoticeState.SENT
    assert fresh(calm).next_attempt_at == morning
    with time_machine.travel(morning, tick=False):
        assert send_due("email") == 1
