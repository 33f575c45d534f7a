"""
Sending what is due by one channel: claim, commit, send outside any transaction, mark by the token.

At least once: whoever is killed between the answer of the far side and the mark leaves a notice that is sent
again when its lease is over, with the same key. Who lives on, but has lost the database, insists on the mark
for as long as the lease lasts.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings

from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from cases.channels.causes import Cause, stored
from cases.channels.delivery import deliver
from cases.choices import NoticeChannel
from cases.models import ChannelSetting, Endpoint
from cases.notices import breakers, leases
from cases.notices.insisting import insist
from cases.notices.letters import endpoint_of, letter_for
from cases.notices.needless import is_needless
from cases.notices.ways import Gateways

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.models import Notice
    from cases.notices.breakers import Meter

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass
class Run:
    """
    One run over one channel; ``closed`` are endpoints that failed in it, 0 is the channel as a whole.

    ``held_until``, of the monotonic clock, is when the lease ends that is being worked on.
    """

    channel: str
    sent: int = 0
    closed: set[int] = field(default_factory=set)
    gateways: Gateways = field(default_factory=Gateways)
    held_until: float = 0.0

    def claim(self) -> list[Notice]:
        if self.channel == NoticeChannel.SMS:
            self.gateways = Gateways.read()
        self._hold()
        return leases.claim(self.channel, without=self.closed)

    def send(self, notice: Notice) -> None:
        if self._insist(lambda: is_needless(notice)):
            self._insist(lambda: leases.drop(notice))
            return
        endpoint = endpoint_of(notice, self.gateways)
        if not self._insist(lambda: leases.begin(notice, endpoint)):
            return
        self._hold()
        meter: Meter = endpoint or ChannelSetting(channel=self.channel)
        try:
            if self.channel != NoticeChannel.INBOX:
                deliver(letter_for(notice, endpoint))
        except SendingFailure as failure:
            self._failed(notice, meter, failure)
        except Exception as error:  # whatever it is, it belongs to this notice and must not stop the others
            log.error("notice %s: %s", notice.pk, _where(error))
            cause = stored(Cause.UNEXPECTED, type(error).__name__)
            self._insist(lambda: leases.put_off(notice, cause))
            self._insist(lambda: breakers.hand_back(meter, notice.lease_until))
        else:
            self.sent += self._insist(lambda: leases.mark_sent(notice))
            self._insist(lambda: breakers.record_success(meter))

    def _failed(self, notice: Notice, meter: Meter, failure: SendingFailure) -> None:
        log.warning("notice %s by %s: %s", notice.pk, self.channel, failure.cause)
        leave = leases.give_up if isinstance(failure, PermanentFailure) else leases.put_off
        self._insist(lambda: leave(notice, failure.cause))
        if failure.answered:
            self._insist(lambda: breakers.record_success(meter))
        elif isinstance(failure, TemporaryFailure):
            is_open = self._insist(lambda: breakers.record_failure(meter))
            if is_open or isinstance(meter, Endpoint):
                self.closed.add(_number_of(meter))
        else:
            self._insist(lambda: breakers.hand_back(meter, notice.lease_until))

    def give_back(self, notice: Notice) -> None:
        self._insist(lambda: leases.give_back(notice))

    def is_closed_to(self, notice: Notice) -> bool:
        return _number_of(endpoint_of(notice, self.gateways)) in self.closed

    def _hold(self) -> None:
        self.held_until = monotonic() + settings.NOTICE_LEASE.total_seconds()

    def _insist(self, write: Callable[[], Result]) -> Result:
        return insist(write, until=self.held_until)


def _number_of(meter: Meter | None) -> int:
    return meter.pk if isinstance(meter, Endpoint) else 0


def send_due(channel: str, *, seconds: float = 5) -> int:
    """
    Send what is due by this channel; how many were sent.

    In the order in which it became due, but what goes by a robot that failed last after what goes by one that
    works: one that hangs uses up the time of the others in a single run, not until its breaker opens.

    Begins none once ``seconds`` are over, and gives back what was claimed: a letter takes ten seconds at
    most, so a worker is held for no more than fifteen (paper 5, F13). Never raises for a
    single notice: one that cannot be sent is tried again after longer and longer waits, then given up. Raises
    what the database raises when it is away for longer than a lease lasts.
    """
    ends_at = monotonic() + seconds
    run = Run(channel)
    while monotonic() < ends_at and 0 not in run.closed:
        notices = run.claim()
        if not notices:
            break
        for number, notice in enumerate(notices):
            if run.is_closed_to(notice) or (number and monotonic() > ends_at):
                run.give_back(notice)
            else:
                run.send(notice)
    return run.sent


def _where(error: Exception) -> str:
    """Kind and place of an error; not its words, which may hold an address or a text."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename}:{last.lineno}"
