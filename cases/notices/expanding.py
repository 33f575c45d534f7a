"""
From announcements to notices: what an event owes is worked out once, whoever else is working it out.

A batch of announcements is locked (those another process has are left to it), its notices are written
set-wise and the announcements removed, all in one transaction. One that cannot be worked out is held back for
a growing time, with its error, in a transaction of its own, and keeps no other waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from cases.clock import database_now
from cases.models import Announcement, Notice
from cases.notices.happenings import read_happenings
from cases.notices.owing import Ground, notices_of
from cases.services.holding import by_halves, hold
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Sequence

BATCH = 500


def work_out_announcements(limit: int = 10 * BATCH) -> int:
    """
    Put into the outbox what is owed because of at most so many events, the oldest first; returns how many
    notices that were.

    Run twice, or by two at once, it changes nothing more. Never raises for a single announcement.
    """
    due = Announcement.objects.due(database_now()).values_list("pk", flat=True)
    batches = batched(list(due[:limit]), BATCH)
    return sum(made for batch in batches for made in by_halves(batch, expand, _hold))


@transaction.atomic
def expand(pks: Sequence[int]) -> int:
    """Write what these announcements owe, and remove them. Raises what goes wrong, having written nothing."""
    skip = connection.features.has_select_for_update_skip_locked
    mine = Announcement.objects.filter(pk__in=pks).order_by("pk").select_for_update(skip_locked=skip)
    events = {row.pk: row.event_id for row in mine}
    if not events:
        return 0
    notices = notices_of(read_happenings([*events.values()]), Ground(database_now()))
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    Announcement.objects.filter(pk__in=events).delete()
    return len(notices)


def _hold(pk: int, error: Exception) -> None:
    hold(Announcement.objects.filter(pk=pk), error)
