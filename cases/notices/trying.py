"""A test message to a robot, a webhook or a gateway, for whoever sets it up."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cases.channels.base import Letter, PermanentFailure, SendingFailure
from cases.channels.causes import Cause
from cases.channels.delivery import deliver
from cases.choices import NoticeChannel
from cases.clock import database_now
from cases.exceptions import NotPermitted, NotPossible
from cases.models import ChannelSetting
from cases.notices import breakers

if TYPE_CHECKING:
    from cases.models import Endpoint, Staff


def send_test(endpoint: Endpoint, *, actor: Staff) -> str:
    """
    Send it now; the cause where it could not be sent (``cases.channels.causes``), else nothing.

    A text message goes to the mobile number of the actor. It counts against the rate of the way like any
    notice, and is tried though its breaker is open. Raises NotPermitted, and NotPossible while no more may
    be sent.
    """
    if not actor.has_perm("cases.change_endpoint"):
        raise NotPermitted
    try:
        letter = _letter(endpoint, actor)
        _count(endpoint)
        deliver(letter)
    except SendingFailure as failure:
        return failure.cause
    return ""


@transaction.atomic
def _count(endpoint: Endpoint) -> None:
    setting, _created = ChannelSetting.objects.get_or_create(channel=endpoint.channel)
    meter, now = breakers.locked(endpoint), database_now()
    if meter is None or not breakers.room(meter, setting.per_minute, now):
        raise NotPossible(_("As many messages as may be sent in a minute were sent. Try again in a minute."))
    breakers.count(meter, now)
    meter.save(update_fields=["begun_lately"])


def _letter(endpoint: Endpoint, actor: Staff) -> Letter:
    by_text = endpoint.channel == NoticeChannel.SMS
    if by_text and not actor.mobile:
        raise PermanentFailure(Cause.NO_ADDRESS)
    with translation.override(endpoint.language):
        subject, body = _("Test message"), _("This is a test message. There is nothing to be done.")
    return Letter(
        key=str(uuid.uuid4()),
        channel=endpoint.channel,
        to=actor.mobile if by_text else endpoint.url,
        subject=subject,
        body=body,
        language=endpoint.language,
        url=endpoint.url,
        secret=endpoint.secret,
        options=endpoint.options,
        facts={"situation": "test"} if endpoint.channel == NoticeChannel.WEBHOOK else {},
        at=database_now(),
    )
