"""What a letter says beside the text: the same with every attempt, but signed anew, by the right clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone

from cases.choices import CaseType, NoticeChannel, State, Urgency
from cases.clock import database_now
from cases.models import Case, Notice
from cases.notices.sending import send_due
from tests.cases.acting import do
from tests.cases.sending import endpoint_at, owe
from tests.gateways import HttpGateway
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def try_again() -> None:
    Notice.objects.update(next_attempt_at=F("created_at"))


def test_the_body_of_a_webhook_is_the_same_with_every_attempt(gateway: HttpGateway, scene: Scene) -> None:
    """Whatever becomes of the case meanwhile: the same key with another body is refused for good."""
    case = scene.case(State.ANALYSIS, urgency=Urgency.NORMAL, type=CaseType.COMPLAINT)
    event = case.events.latest("seq")
    notice = owe(endpoint=endpoint_at(gateway.url), case=case, event=event, urgent=True)
    gateway.behave(lambda talk: talk.answer(500))
    send_due("webhook")
    do(case, "set_urgency", scene.agent, urgency=Urgency.URGENT)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back)
    Case.objects.filter(pk=case.pk).update(type=CaseType.CONSULTATION)
    try_again()
    send_due("webhook")
    first, second = gateway.journal.deliveries
    assert first.body == second.body
    assert first.key == second.key == str(notice.key)
    assert first.json | {"text": "", "subject": ""} == {
        "key": str(notice.key),
        "subject": "",
        "text": "",
        "language": "zh-hans",
        "situation": "dispatch",
        "urgent": True,
        "case": case.number,
        "state": "analysis",
        "event": event.kind,
        "at": event.at.isoformat(),
        "round": 1,
    }


def test_where_nothing_has_happened_no_state_is_told(gateway: HttpGateway, scene: Scene) -> None:
    owe(endpoint=endpoint_at(gateway.url), case=scene.case(State.ANALYSIS))
    send_due("webhook")
    assert gateway.journal.deliveries[0].json.keys() >= {"key", "case"}
    assert not gateway.journal.deliveries[0].json.keys() & {"state", "urgency", "type", "event"}


def signed_at(channel: str, delivery: Any) -> float:
    """Seconds since 1970."""
    if channel == NoticeChannel.WEBHOOK:
        return float(delivery.headers["bihuan-timestamp"])
    if channel == NoticeChannel.FEISHU:
        return float(delivery.json["timestamp"])
    return float(parse_qs(urlsplit(delivery.path).query)["timestamp"][0]) / 1000


@pytest.mark.postgresql
@pytest.mark.parametrize("channel", [NoticeChannel.WEBHOOK, NoticeChannel.FEISHU, NoticeChannel.DINGTALK])
@pytest.mark.parametrize("hours", [-25, 1])
def test_a_process_whose_clock_is_wrong_signs_with_the_right_time(
    channel: str, hours: int, gateway: HttpGateway, settings: Any
) -> None:
    settings.CLOCK = "database"
    owe(endpoint=endpoint_at(gateway.url, channel, secret="SEC0123456789"), next_attempt_at=database_now())
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        assert send_due(channel) == 1
    assert abs(signed_at(channel, gateway.journal.deliveries[0]) - database_now().timestamp()) < 30
