"""Who was told of what happened to a case, by which channel, and how far the notice got."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cases.choices import NoticeState
from cases.models import Notice

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

MOST = 600  # of one page of the timeline
ICONS: dict[str, str] = {
    NoticeState.WAITING: "schedule_send",
    NoticeState.SENT: "check_circle",
    NoticeState.DIGESTED: "stacked_email",
    NoticeState.NEEDLESS: "cancel_schedule_send",
    NoticeState.DEAD: "error",
}


@dataclass(frozen=True)
class Telling:
    """One notice as the timeline shows it."""

    recipient: str
    in_place_of: str
    channel: str
    state: str
    icon: str
    at: datetime | None


def notices_by_event(event_ids: Collection[int]) -> dict[int, list[Telling]]:
    """The newest notices of these events, in the order in which they were owed; one query."""
    notices = Notice.objects.filter(event__in=event_ids).defer("subject", "body", "error").order_by("-pk")
    newest = notices.select_related("staff", "endpoint", "in_place_of")[:MOST]
    found: dict[int, list[Telling]] = defaultdict(list)
    for notice in reversed(list(newest)):
        if notice.event_id is not None:
            found[notice.event_id].append(_telling(notice))
    return found


def _telling(notice: Notice) -> Telling:
    recipient = notice.staff or notice.endpoint
    return Telling(
        recipient=str(recipient) if recipient else _("Customer"),
        in_place_of=str(notice.in_place_of or ""),
        channel=notice.get_channel_display(),
        state=notice.get_state_display(),
        icon=ICONS.get(notice.state, "notifications"),
        at=notice.sent_at,
    )
