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

from cases.channels.base import Letter, SendingFailure
from cases.channels.delivery import deliver
from cases.choices import NoticeChannel
from cases.services.health import LATE_AFTER, tick_is_late

log = logging.getLogger(__name__)


class TickAlarm:
    """Raised once for each time nobody ticks, and called off once."""

    def __init__(self) -> None:
        self.well_at = monotonic()
        self.raised = False

    def look(self) -> None:
        """
        Compare the last tick with the time, by the database's clock; where it is away, time goes on as well.

        Tells the log, and by mail everybody in ALARM_TO. Raises the database's error, after the alarm.
        """
        try:
            late = tick_is_late()
        except (DatabaseError, InterfaceError):
            self._judge(late=True)
            raise
        self._judge(late=late)

    def _judge(self, *, late: bool) -> None:
        now = monotonic()
        if not late:
            self.well_at = now
            if self.raised:
                self._tell(raised=False)
        elif not self.raised and now - self.well_at > LATE_AFTER:
            self._tell(raised=True)

    def _tell(self, *, raised: bool) -> None:
        self.raised = raised
        if raised:
            log.error("nobody has worked on the clocks for over %s s", LATE_AFTER)
        else:
            log.warning("the clocks are being worked on again")
        for address in settings.ALARM_TO:
            try:
                deliver(_letter(address, raised=raised))
            except SendingFailure as failure:
                log.error("the alarm was not sent to one of ALARM_TO: %s", failure.cause)


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
