"""What each person has in their inbox, has read, and does not want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from cases.models import Notice, NoticeMute

if TYPE_CHECKING:
    from collections.abc import Collection

    from cases.models import Staff
    from cases.querysets import NoticeQuerySet

MOST_COUNTED = 99  # beyond, the number says nothing more

Cell = tuple[str, str]  # kind of event, channel


def newest_unread(staff: Staff) -> NoticeQuerySet:
    """What this person has not read, the newest first, at most one more than MOST_COUNTED."""
    return Notice.objects.unread_by(staff).defer("body", "error").order_by("-pk")[: MOST_COUNTED + 1]


def count_unread(staff: Staff) -> int:
    """How many notices this person has not read, counted up to one more than MOST_COUNTED."""
    return newest_unread(staff).count()


def mark_read(staff: Staff, *, notice_id: int | None = None, up_to: int | None = None) -> int:
    """
    Mark one of this person's own notices as read, or all up to one of this id; how many that were.

    What came after the page was shown stays unread.
    """
    unread = Notice.objects.unread_by(staff)
    chosen = unread.filter(pk=notice_id) if notice_id is not None else unread.filter(pk__lte=up_to or 0)
    return chosen.update(read_at=timezone.now())


@transaction.atomic
def choose_mutes(staff: Staff, *, offered: Collection[Cell], muted: Collection[Cell]) -> None:
    """Of the cells that were offered, these are muted from now on; whatever was not offered stays."""
    present = {(row.event_kind, row.channel): row.pk for row in NoticeMute.objects.filter(staff=staff)}
    gone = [pk for cell, pk in present.items() if cell in offered and cell not in muted]
    NoticeMute.objects.filter(pk__in=gone).delete()
    new = sorted(set(muted) & set(offered) - present.keys())
    NoticeMute.objects.bulk_create(
        [NoticeMute(staff=staff, event_kind=kind, channel=channel) for kind, channel in new],
        ignore_conflicts=True,
    )
