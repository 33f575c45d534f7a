"""
Sending what is due by one channel: claim, commit, send outside any transaction, mark by the token.

At least once: whoever is killed between the answer of the far side and the mark leaves a notice that is sent
again when its lease is over, with the same key.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from cases.channels.causes import Cause, stored
from cases.channels.delivery import deliver
from cases.choices import NoticeChannel
from cases.models import ChannelSetting
from cases.notices import breakers, leases
from cases.notices.letters import letter_for

if TYPE_CHECKING:
    from cases.models import Notice
    from cases.notices.breakers import Meter

log = logging.getLogger(__name__)


@dataclass
class Run:
    """One run over one channel; ``closed`` are endpoints that failed in it, 0 is the channel as a whole."""

    channel: str
    sent: int = 0
    closed: set[int] = field(default_factory=set)

    def meter_of(self, notice: Notice) -> Meter:
        return notice.endpoint or ChannelSetting(channel=self.channel)

    def send(self, notice: Notice) -> None:
        if not leases.begin(notice):
            return
        meter = self.meter_of(notice)
        try:
            if self.channel != NoticeChannel.INBOX:
                deliver(letter_for(notice))
        except SendingFailure as failure:
            self._failed(notice, meter, failure)
        except Exception as error:  # whatever it is, it belongs to this notice and must not stop the others
            log.error("notice %s: %s", notice.pk, _where(error))
            leases.put_off(notice, stored(Cause.UNEXPECTED, type(error).__name__))
            breakers.hand_back(meter, notice.lease_until)
        else:
            self.sent += leases.mark_sent(notice)
            breakers.record_success(meter)

    def _failed(self, notice: Notice, meter: Meter, failure: SendingFailure) -> None:
        log.warning("notice %s by %s: %s", notice.pk, self.channel, failure.cause)
        (leases.give_up if isinstance(failure, PermanentFailure) else leases.put_off)(notice, failure.cause)
        if failure.answered:
            breakers.record_success(meter)
        elif isinstance(failure, TemporaryFailure):
            if breakers.record_failure(meter) or notice.endpoint_id:
                self.closed.add(notice.endpoint_id or 0)
        else:
            breakers.hand_back(meter, notice.lease_until)

    def is_closed_to(self, notice: Notice) -> bool:
        return (notice.endpoint_id or 0) in self.closed


def send_due(channel: str, *, seconds: float = 10) -> int:
    """
    Send what is due by this channel, in the order in which it became due; how many were sent.

    Claims no more once ``seconds`` are over, and gives back what was claimed and not begun. Never raises for
    a single notice: one that cannot be sent is tried again after longer and longer waits, then given up.
    """
    ends_at = monotonic() + seconds
    run = Run(channel)
    while monotonic() < ends_at and 0 not in run.closed:
        notices = leases.claim(channel, without=run.closed)
        if not notices:
            break
        for number, notice in enumerate(notices):
            if run.is_closed_to(notice) or (number and monotonic() > ends_at):
                leases.give_back(notice)
            else:
                run.send(notice)
    return run.sent


def _where(error: Exception) -> str:
    """Kind and place of an error; not its words, which may hold an address or a text."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename}:{last.lineno}"
