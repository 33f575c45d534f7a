"""
Many notices for one person become few: when more than twenty wait, an outage ends without a storm of mail.

Urgent ones make a digest of their own, which passes quiet hours. Nothing is put together that was tried
already: the far side may have it, and knows it by its key. A digest nobody tried yet is taken into the next
one, and between two of a person lies a rest. What a digest has no line for is in the inbox. Customers' mail
is never put together.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cases.choices import Audience, Language, NoticeChannel, NoticeState, Situation
from cases.models import Notice, PhraseTemplate, Staff
from cases.notices.phrases import Words, fill_words
from cases.notices.placeholders import LONGEST_BODY
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cases.querysets import NoticeQuerySet

MOST_SINGLE = 20
MOST_LINES = 100  # of a mail; a text message has no room for a list
CHANNELS = (NoticeChannel.EMAIL, NoticeChannel.SMS)
BATCH = 1000  # rows of one statement
UNTRIED = Q(attempts=0, replayed_at=None)


def merge_digests(channel: str, at: datetime) -> int:
    """Put together what waits for the same person by this channel; how many digests were made."""
    if channel not in CHANNELS:
        return 0
    made = 0
    for staff_id in _crowded(channel, at):
        mine = _waiting(channel, at).filter(UNTRIED, staff=staff_id).order_by("pk")
        notices = list(mine.select_for_update(skip_locked=True, of=("self",)))
        for urgent in (True, False):
            alike = [notice for notice in notices if notice.urgent == urgent]
            if len(alike) > 1:
                Merger(channel, Staff.objects.get(pk=staff_id), at).merge(alike)
                made += 1
    return made


def _crowded(channel: str, at: datetime) -> list[int]:
    """To whom more than MOST_SINGLE are owed, urgent or not, those in digests counted, and some untried."""
    lines = Count("parts", filter=~Q(parts__situation=Situation.DIGEST), distinct=True)
    crowds = (
        _waiting(channel, at)
        .values("staff")
        .annotate(many=Count("pk", distinct=True), held=lines)
        .annotate(untried=Count("pk", filter=UNTRIED, distinct=True))
        .filter(untried__gt=1)
        .order_by("staff")
    )
    return [row["staff"] for row in crowds if row["many"] + row["held"] > MOST_SINGLE]


def _waiting(channel: str, at: datetime) -> NoticeQuerySet:
    """Waiting notices to staff that nobody is sending."""
    free = Q(lease_until=None) | Q(lease_until__lte=at)
    return Notice.objects.filter(free, channel=channel, state=NoticeState.WAITING, staff__isnull=False)


@dataclass(frozen=True)
class Merger:
    """Makes digests for one person by one channel."""

    channel: str
    staff: Staff
    at: datetime

    def merge(self, notices: Sequence[Notice]) -> None:
        """Into one; what it has no line for is put into the inbox. The rows are locked."""
        parts = sorted(self._parts_of(notices), key=attrgetter("pk"))
        listed = parts[: 0 if self.channel == NoticeChannel.SMS else MOST_LINES]
        self._put_into_inbox(parts[len(listed) :])
        digest = self._digest_of(notices, parts, listed)
        taken = {"state": NoticeState.DIGESTED, "next_attempt_at": None, "lease_until": None}
        earlier = [notice for notice in notices if notice.situation == Situation.DIGEST]
        for some in batched([*parts, *earlier], BATCH):
            mine = Notice.objects.filter(pk__in=[each.pk for each in some])
            mine.update(**taken, lease_token=None, digest=digest)

    def _parts_of(self, notices: Sequence[Notice]) -> Iterator[Notice]:
        """These, and in place of earlier digests what they were made of."""
        for some in batched(notices, BATCH):
            ids = [notice.pk for notice in some]
            found = Notice.objects.filter(Q(pk__in=ids) | Q(digest__in=ids))
            yield from found.exclude(situation=Situation.DIGEST).select_related("case")

    def _digest_of(
        self, notices: Sequence[Notice], parts: Sequence[Notice], listed: Sequence[Notice]
    ) -> Notice:
        words = self._words(len(parts), listed)
        return Notice.objects.create(
            situation=Situation.DIGEST,
            channel=self.channel,
            staff=self.staff,
            language=self.staff.language,
            subject=words.subject,
            body=words.body,
            urgent=notices[0].urgent,
            owed_key=f"digest:{uuid.uuid4()}",
            created_at=min(part.created_at for part in parts),
            next_attempt_at=self._due_at(notices),
        )

    def _due_at(self, notices: Sequence[Notice]) -> datetime:
        """When the first of them is, but not soon after the last digest of its kind."""
        first = min(notice.next_attempt_at for notice in notices if notice.next_attempt_at)
        mine = Notice.objects.filter(situation=Situation.DIGEST, staff=self.staff, channel=self.channel)
        sent = mine.filter(state=NoticeState.SENT, urgent=notices[0].urgent)
        last: datetime | None = sent.aggregate(at=Max("sent_at"))["at"]
        return max(first, last + settings.NOTICE_DIGEST_REST) if last else first

    def _words(self, count: int, listed: Sequence[Notice]) -> Words:
        """By the phrase template of digests; without one, the bare list."""
        with translation.override(self.staff.language):
            text = digest_text(count, listed)
            subject, body = _("{count} notices"), "{list}"
            short = _("%(count)d notices wait in your inbox: %(page)s")
        found = PhraseTemplate.objects.filter(situation=Situation.DIGEST, audience=Audience.STAFF).first()
        if found is not None:
            english = self.staff.language == Language.ENGLISH
            subject, body = (found.subject_en, found.body_en) if english else (found.subject, found.body)
        values = {"count": str(count), "list": text}
        words = fill_words(subject, body, values, longest_body=LONGEST_BODY + len(text))
        return words if listed else Words(words.subject, short % {"count": count, "page": inbox_page()})

    def _put_into_inbox(self, parts: Sequence[Notice]) -> None:
        """Each that is not there yet, by another rule or from an earlier digest."""
        rows = [
            Notice(
                event_id=part.event_id,
                case_id=part.case_id,
                situation=part.situation,
                channel=NoticeChannel.INBOX,
                staff=self.staff,
                in_place_of_id=part.in_place_of_id,
                language=part.language,
                subject=part.subject,
                body=part.body,
                urgent=part.urgent,
                owed_key=_key_in_inbox(part),
                created_at=self.at,
                state=NoticeState.SENT,
                sent_at=self.at,
            )
            for part in parts
        ]
        Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _key_in_inbox(part: Notice) -> str:
    """By which a rule for the inbox owes the same (``cases.notices.owing``)."""
    by_text, by_inbox = f":{NoticeChannel.SMS.value}:", f":{NoticeChannel.INBOX.value}:"
    if by_text in part.owed_key:
        return part.owed_key.replace(by_text, by_inbox, 1)
    return f"{part.owed_key}:{NoticeChannel.INBOX.value}"


def inbox_page() -> str:
    return f"{settings.SITE_URL}{reverse('admin:cases_inbox')}"


def digest_text(count: int, listed: Sequence[Notice]) -> str:
    """A line for each: its place in the list, the case and the subject; then, where the others are."""
    lines = [_line(number, part) for number, part in enumerate(listed, start=1)]
    if others := count - len(listed):
        more = _("… and %(count)d more in your inbox: %(page)s")
        lines.append(more % {"count": others, "page": inbox_page()})
    return "\n".join(lines)


def _line(number: int, part: Notice) -> str:
    named = part.case.number if part.case and part.case.number not in part.subject else ""
    return f"{number}. {f'{named} {part.subject}'.strip()}"
