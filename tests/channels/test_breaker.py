"""What concerns the way and not the letter opens the breaker, and nothing that waits is given up."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import NoticeChannel, NoticeState
from cases.models import ChannelSetting, Endpoint, Notice
from cases.notices.breakers import MOST_FAILURES
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, owe, setting_of
from tests.factories import StaffFactory
from tests.gateways import HttpGateway, MailGateway

pytestmark = pytest.mark.django_db

OPTIONS = {"body": {"text": "{text}"}, "success": {"field": "code", "values": [0]}}


def all_wait_after(channel: str, cause: str, meters: Any) -> None:
    for _run in range(MOST_FAILURES):
        send_due(channel)
    notices = list(Notice.objects.filter(channel=channel))
    assert {notice.state for notice in notices} == {NoticeState.WAITING}
    assert sorted(notice.error for notice in notices) == [""] * 2 + [cause] * MOST_FAILURES
    (meter,) = meters.filter(channel=channel)
    assert meter.failures == MOST_FAILURES
    assert meter.open_until


@pytest.mark.parametrize("answer", ["<html>maintenance</html>", '{"code": 0', "{}"])
def test_a_gateway_that_talks_nonsense_costs_no_waiting_text(answer: str, gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(200, answer))
    endpoint_at(gateway.url, NoticeChannel.SMS, options=OPTIONS)
    setting_of("sms", quiet_from=None, quiet_until=None)
    for number in range(MOST_FAILURES + 2):
        owe(staff=StaffFactory(mobile=f"+861381234567{number}"), channel=NoticeChannel.SMS)
    all_wait_after("sms", "not_understood", Endpoint.objects)


def test_a_sender_that_is_refused_costs_no_waiting_mail(mail: MailGateway) -> None:
    mail.answers["MAIL"] = "553 Mail from must equal authorized user"
    for _number in range(MOST_FAILURES + 2):
        owe(staff=StaffFactory())
    all_wait_after("email", "not_set_up: 553", ChannelSetting.objects)
