"""
Many notices for one person become one: when more than twenty wait, an outage ends without a storm of mail.

Urgent ones make a digest of their own, and only when there are as many of them. A digest that could not be
sent yet is taken into the next one. Customers' mail is never put together.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext as _

from cases.choices import Audience, Language, NoticeChannel, NoticeState, Situation
from cases.models import Notice, PhraseTemplate, Staff
from cases.notices.phrases import Words, fill_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.querysets import NoticeQuerySet

MOST_SINGLE = 20
MOST_LINES = 100
CHANNELS = (NoticeChannel.EMAIL, NoticeChannel.SMS)


def merge_digests(channel: str, at: datetime) -> int:
    """Put together what waits for the same person by this channel; how many digests were made."""
    if channel not in CHANNELS:
        return 0
    crowds = (
        _mergeable(channel, at)
        .values("staff", "urgent")
        .annotate(many=Count("pk", distinct=True), held=Count("parts", distinct=True))
        .order_by("staff", "urgent")
    )
    crowded = [row for row in crowds if row["many"] > 1 and row["many"] + row["held"] > MOST_SINGLE]
    for row in crowded:
        mine = _mergeable(channel, at).filter(staff=row["staff"], urgent=row["urgent"])
        _merge(list(mine.order_by("pk").select_for_update(skip_locked=True, of=("self",))))
    return len(crowded)


def _mergeable(channel: str, at: datetime) -> NoticeQuerySet:
    """Waiting notices to staff that nobody is sending."""
    free = Q(lease_until=None) | Q(lease_until__lte=at)
    return Notice.objects.filter(free, channel=channel, state=NoticeState.WAITING, staff__isnull=False)


def _merge(notices: Sequence[Notice]) -> None:
    if len(notices) < 2:  # another sender was faster
        return
    ids = [notice.pk for notice in notices]
    parts = Notice.objects.filter(Q(pk__in=ids) | Q(digest__in=ids)).exclude(situation=Situation.DIGEST)
    digest = _digest_of(notices, list(parts.select_related("case").order_by("pk")))
    Notice.objects.filter(digest__in=ids).update(digest=digest)
    Notice.objects.filter(pk__in=ids).update(
        state=NoticeState.DIGESTED, next_attempt_at=None, lease_until=None, lease_token=None, digest=digest
    )


def _digest_of(notices: Sequence[Notice], parts: Sequence[Notice]) -> Notice:
    """Due when the first of them was."""
    first = notices[0]
    staff = Staff.objects.get(pk=first.staff_id)
    words = _words(parts, staff.language)
    return Notice.objects.create(
        situation=Situation.DIGEST,
        channel=first.channel,
        staff=staff,
        language=staff.language,
        subject=words.subject,
        body=words.body,
        urgent=first.urgent,
        owed_key=f"digest:{uuid.uuid4()}",
        created_at=min(notice.created_at for notice in notices),
        next_attempt_at=min(notice.next_attempt_at for notice in notices if notice.next_attempt_at),
    )


def _words(parts: Sequence[Notice], language: str) -> Words:
    """By the phrase template of digests; without one, the bare list."""
    with translation.override(language):
        values = {"count": str(len(parts)), "list": digest_text(parts)}
        subject, body = _("{count} notices"), "{list}"
    found = PhraseTemplate.objects.filter(situation=Situation.DIGEST, audience=Audience.STAFF).first()
    if found is not None:
        english = language == Language.ENGLISH
        subject, body = (found.subject_en, found.body_en) if english else (found.subject, found.body)
    return fill_words(subject, body, values)


def digest_text(parts: Sequence[Notice]) -> str:
    """A line for each: its place in the list, the case and the subject."""
    lines = [_line(number, part) for number, part in enumerate(parts[:MOST_LINES], start=1)]
    if len(parts) > MOST_LINES:
        lines.append(_("… and %(count)d more in your inbox.") % {"count": len(parts) - MOST_LINES})
    return "\n".join(lines)


def _line(number: int, part: Notice) -> str:
    named = part.case.number if part.case and part.case.number not in part.subject else ""
    return f"{number}. {f'{named} {part.subject}'.strip()}"
