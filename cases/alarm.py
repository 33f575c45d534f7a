"""
The alarm of the ticker: nobody has worked on the clocks for more than a minute.

It needs neither database nor broker, which may be what is wrong; that the ticker itself is dead is told by
whoever misses the dead man's call (``cases.services.deadman``).
"""

from __future__ import annotations

import logging
import uuid
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from django.utils.translation import gettext as _

from cases.channels.base import Letter, PermanentFailure, SendingFailure
from cases.channels.delivery import deliver
from cases.choices import NoticeChannel
from cases.services.health import LATE_AFTER, present_pulse

AGAIN_AFTER = 60  # seconds until who could not be told is told again

log = logging.getLogger(__name__)


class TickAlarm:
    """Raised once for each time nobody ticks, and called off once; whom no mail reached is tried again."""

    def __init__(self) -> None:
        self.well_at = monotonic()  # when the last tick came, or this began
        self.raised = False
        self.untold: list[str] = []
        self.again_at = self.well_at

    def look(self) -> None:
        """
        See how long ago the last tick was, by the database's clock; where it is away, time goes on as well.

        Tells the log, and by mail everybody in ALARM_TO. Raises the database's error, after the alarm.
        """
        try:
            age = present_pulse().tick_age
        except (DatabaseError, InterfaceError):
            self._judge()
            raise
        if age is not None:
            self.well_at = max(self.well_at, monotonic() - age)
        self._judge()

    def _judge(self) -> None:
        now = monotonic()
        late = now - self.well_at > LATE_AFTER
        if late != self.raised:
            self.raised, self.again_at = late, now + AGAIN_AFTER
            _log(raised=late)
            untold = [address for address in settings.ALARM_TO if not _told(address, raised=late)]
            self.untold = untold if late else []
        elif self.untold and now >= self.again_at:
            # One a minute: a mail server that hangs must not keep the ticker from its other work.
            self.again_at = now + AGAIN_AFTER
            address = self.untold.pop(0)
            if not _told(address, raised=late):
                self.untold.append(address)


def _log(*, raised: bool) -> None:
    if raised:
        log.error("nobody has worked on the clocks for over %s s", LATE_AFTER)
    else:
        log.warning("the clocks are being worked on again")


def _told(address: str, *, raised: bool) -> bool:
    """Whether there is nothing more to be tried: it was sent, or refused for good."""
    try:
        deliver(_letter(address, raised=raised))
    except SendingFailure as failure:
        log.error("the alarm was not sent to one of ALARM_TO: %s", failure.cause)
        return isinstance(failure, PermanentFailure)
    return True


def _letter(address: str, *, raised: bool) -> Letter:
    with translation.override(settings.LANGUAGE_CODE):
        if raised:
            subject = _("Bihuan: nobody works on the clocks")
            body = _("No tick for over a minute. Look at %(page)s, at the database and at the ticker's log.")
        else:
            subject = _("Bihuan: the clocks are being worked on again")
            body = _("What had come due meanwhile is being caught up. See %(page)s.")
    page = f"{settings.SITE_URL}/status"
    key, channel = str(uuid.uuid4()), NoticeChannel.EMAIL.value
    return Letter(key, channel, address, subject, body % {"page": page}, settings.LANGUAGE_CODE)
