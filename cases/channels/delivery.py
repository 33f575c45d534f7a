"""Handing a letter to the sender of its channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cases.channels import dingtalk, email, feishu, sms, webhook, wecom
from cases.channels.catching import catch
from cases.choices import NoticeChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.channels.base import Letter

SENDERS: dict[str, Callable[[Letter], None]] = {
    NoticeChannel.EMAIL: email.send,
    NoticeChannel.SMS: sms.send,
    NoticeChannel.WECOM: wecom.send,
    NoticeChannel.DINGTALK: dingtalk.send,
    NoticeChannel.FEISHU: feishu.send,
    NoticeChannel.WEBHOOK: webhook.send,
}


def deliver(letter: Letter) -> None:
    """
    Send it, or keep it where nothing may leave this machine.

    Raises TemporaryFailure or PermanentFailure; when neither was raised, the far side has taken it.
    """
    if settings.OUTGOING == "catch":
        catch(letter)
    else:
        SENDERS[letter.channel](letter)
