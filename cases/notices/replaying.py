"""What a person may do about notices: send one again that was given up, work out again what was held back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.choices import NoticeState
from cases.clock import database_now
from cases.exceptions import NotPermitted, NotPossible
from cases.models import Announcement, Notice
from cases.waking import wake

if TYPE_CHECKING:
    from cases.models import Staff
    from cases.querysets import NoticeQuerySet

log = logging.getLogger(__name__)


@transaction.atomic
def replay_notice(pk: int, *, actor: Staff) -> Notice:
    """
    Let a notice that was given up be sent after all: all its attempts again, under the same key.

    Raises NotPermitted, or NotPossible for one that is not given up (any more).
    """
    _refuse(actor)
    dead: NoticeQuerySet = Notice.objects.filter(pk=pk, state=NoticeState.DEAD)
    notice: Notice | None = dead.select_for_update().first()
    if notice is None:
        raise NotPossible(_("Only a notice that was given up can be sent again."))
    now = database_now()
    notice.state, notice.next_attempt_at, notice.attempts = NoticeState.WAITING, now, 0
    notice.replayed_at, notice.replayed_by = now, actor
    notice.save(update_fields=["state", "next_attempt_at", "attempts", "replayed_at", "replayed_by"])
    log.info("notice %s is sent again by staff %s", pk, actor.pk)
    transaction.on_commit(wake, robust=True)
    return notice


@transaction.atomic
def retry_announcement(pk: int, *, actor: Staff) -> None:
    """Have what is owed because of an event worked out now. Raises NotPermitted or NotPossible."""
    _refuse(actor)
    if not Announcement.objects.filter(pk=pk).update(held_until=None):
        raise NotPossible(_("These notices have been worked out meanwhile."))
    transaction.on_commit(wake, robust=True)


def _refuse(actor: Staff) -> None:
    if not actor.has_perm("cases.replay_notice"):
        raise NotPermitted
