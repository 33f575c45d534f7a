"""What a letter says beside the text: the same with every attempt, but signed anew, by the right clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from cases.choices import NoticeChannel
from cases.clock import database_now
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, owe
from tests.gateways import HttpGateway

pytestmark = pytest.mark.django_db


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
