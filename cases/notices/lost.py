"""
A notice that was given up. A customer's: the other way is tried, and at last the handler is told. A digest:
what it listed is put into the inbox.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, transaction

from cases.choices import NoticeState, Situation
from cases.clock import database_now
from cases.models import Notice
from cases.notices.digests import put_into_inbox
from cases.notices.happenings import read_happenings
from cases.notices.owing import Ground, Owing

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


def owe_instead(lost: Notice) -> None:
    """
    Owe what takes the place of this notice, once however often it is given up; in the caller's transaction.

    Nothing for single notices to staff and for endpoints, nor where another notice of the event has reached
    the customer or may.
    Raises only what the loss of the database raises: whatever else goes wrong must not keep the notice, and
    with it its channel, from being given up.
    """
    try:
        with transaction.atomic():
            if lost.situation == Situation.DIGEST:
                put_into_inbox(lost.parts.exclude(situation=Situation.DIGEST), database_now())
            elif lost.customer_id and lost.event_id:
                Notice.objects.bulk_create([*_instead_of(lost, lost.event_id)], ignore_conflicts=True)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.error("nothing takes the place of notice %s", lost.pk, exc_info=error)


def _instead_of(lost: Notice, event_id: int) -> Iterator[Notice]:
    of_customer = Notice.objects.filter(event=event_id, customer=lost.customer_id)
    found = list(of_customer.values_list("channel", "state"))
    if any(state != NoticeState.DEAD for _channel, state in found):
        return
    tried = {channel for channel, _state in found}
    for happening in read_happenings([event_id]):
        yield from Owing(happening, Ground(database_now())).instead_of(lost, tried)
