"""Notices for tests of the outbox, and short ways to look at them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState
from cases.models import ChannelSetting, Endpoint, Notice, Staff

_numbers = itertools.count(1)


def owe(**facts: Any) -> Notice:
    """A notice that is due now; by e-mail, unless it is for an endpoint."""
    endpoint: Endpoint | None = facts.get("endpoint")
    given: dict[str, Any] = {
        "situation": "dispatch",
        "channel": endpoint.channel if endpoint else NoticeChannel.EMAIL,
        "language": "zh-hans",
        "subject": "工单待受理",
        "body": "请受理。",
        "owed_key": f"test:{next(_numbers)}",
        "next_attempt_at": timezone.now(),
        **facts,
    }
    return Notice.objects.create(**given)


def owe_many(staff: Staff, count: int, **facts: Any) -> list[Notice]:
    return [owe(staff=staff, subject=f"通知{number}", **facts) for number in range(count)]


def endpoint_at(url: str, channel: str = NoticeChannel.WEBHOOK, **facts: Any) -> Endpoint:
    given = {"name": f"机器人{next(_numbers)}", "channel": channel, "url": url, **facts}
    return Endpoint.objects.create(**given)


def setting_of(channel: str = NoticeChannel.EMAIL, **values: Any) -> ChannelSetting:
    """The setting of the channel, with these values."""
    return ChannelSetting.objects.update_or_create(channel=channel, defaults=values)[0]


def send_at_any_hour() -> None:
    """Text messages have quiet hours to begin with: what is not about them must not depend on the clock."""
    ChannelSetting.objects.update(quiet_from=None, quiet_until=None)


def fresh(notice: Notice) -> Notice:
    return Notice.objects.get(pk=notice.pk)


def states() -> dict[str, int]:
    """How many notices are in which state."""
    counted = {state: Notice.objects.filter(state=state).count() for state in NoticeState.values}
    return {state: count for state, count in counted.items() if count}


def later(seconds: float) -> Any:
    """For a ``with`` block, so many seconds from now."""
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False)
