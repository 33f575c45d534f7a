"""
Many notices for one person become few: when more than twenty are due, an outage ends without a storm of mail.

What was sent lately counts too, and after a digest comes a rest (``NOTICE_DIGEST_REST``) in which the next is
held. Urgent notices make a digest of their own; only a crowd of them is ever held. Nothing is put together
that was tried already: the far side may have it, and knows it by its key. What a digest has no line for is in
the inbox. Customers' mail is never put together.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cases.choices import Audience, Language, NoticeChannel, NoticeState, Situation
from cases.models import Notice, PhraseTemplate, Staff
from cases.notices.phrases import Words, fill_words
from cases.notices.placeholders import LONGEST_BODY
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cases.querysets import NoticeQuerySet

MOST_SINGLE = 20
MOST_LINES = 100  # of a mail; a text message has no room for a list
CHANNELS = (NoticeChannel.EMAIL, NoticeChannel.SMS)
BATCH = 1000  # rows of one statement
UNTRIED = Q(attempts=0, replayed_at=None)
LIST = "{list}"  # the placeholder without which a mail has no lines


def gather_crowds(channel: str, at: datetime) -> int:
    """
    Put together, or hold, what is due by this channel to people who get too much; how many rows that changed.

    Call it after what is to be sent was chosen, and choose anew where it changed something.
    """
    if channel not in CHANNELS:
        return 0
    due = Notice.objects.due(at).filter(UNTRIED, channel=channel, staff__isnull=False)
    counted = due.order_by().values_list("staff", "urgent").annotate(many=Count("pk"))
    groups = {(staff_id, urgent): many for staff_id, urgent, many in counted}
    people = {staff_id for staff_id, _urgent in groups}
    if not people:
        return 0
    sent, rests = _sent_lately(channel, people, at), _rests(channel, people, at)
    changed = 0
    for (staff_id, urgent), many in sorted(groups.items()):
        both = many + groups.get((staff_id, not urgent), 0) + sent[staff_id]
        crowd = many > 1 and both > MOST_SINGLE
        mine = due.filter(staff=staff_id, urgent=urgent)
        rest = rests.get((staff_id, urgent))
        if rest and (crowd or not urgent):
            changed += mine.update(next_attempt_at=rest)
        elif crowd:
            changed += _merge(channel, staff_id, mine, at)
    return changed


def _sent_lately(channel: str, people: Iterable[int], at: datetime) -> Counter[int]:
    """How many single notices each of these people was sent within the rest."""
    sent = Notice.objects.filter(channel=channel, state=NoticeState.SENT, staff__in=people)
    lately = sent.filter(sent_at__gt=at - settings.NOTICE_DIGEST_REST, sent_at__lte=at)
    singles = lately.exclude(situation=Situation.DIGEST).order_by()
    return Counter(dict(singles.values_list("staff").annotate(many=Count("pk"))))


def _rests(channel: str, people: Iterable[int], at: datetime) -> dict[tuple[int, bool], datetime]:
    """
    Until when the next digest is held, by person and urgency: for a while after one was sent, while one is on
    its way, and until one that failed is tried again, but no longer than for a rest.
    """
    rest = settings.NOTICE_DIGEST_REST
    sent = Q(state=NoticeState.SENT, sent_at__gt=at - rest, sent_at__lte=at)
    under_way = Q(state=NoticeState.WAITING) & (
        Q(lease_until__gt=at) | Q(attempts__gt=0, next_attempt_at__gt=at)
    )
    digests = Notice.objects.filter(sent | under_way, channel=channel, staff__in=people).filter(
        situation=Situation.DIGEST
    )
    found: dict[tuple[int, bool], datetime] = {}
    for digest in digests.only("staff_id", "urgent", "sent_at", "lease_until", "next_attempt_at").order_by(
        "pk"
    ):
        ends_at = _rest_after(digest, at)
        key = (digest.staff_id, digest.urgent)
        found[key] = max(found.get(key, ends_at), ends_at)
    return found


def _rest_after(digest: Notice, at: datetime) -> datetime:
    rest = settings.NOTICE_DIGEST_REST
    if digest.sent_at:
        return digest.sent_at + rest
    on_its_way = digest.lease_until and digest.lease_until > at
    again_at = digest.lease_until if on_its_way else digest.next_attempt_at
    return min(again_at or at + rest, at + rest)


def _merge(channel: str, staff_id: int, mine: NoticeQuerySet, at: datetime) -> int:
    notices = list(mine.order_by("pk").select_for_update(skip_locked=True, of=("self",)))
    if len(notices) > 1:
        Merger(channel, Staff.objects.get(pk=staff_id), at).merge(notices)
        return len(notices)
    return 0


@dataclass(frozen=True)
class Merger:
    """Makes digests for one person by one channel."""

    channel: str
    staff: Staff
    at: datetime

    def merge(self, notices: Sequence[Notice]) -> None:
        """Into one; what it has no line for is put into the inbox. The rows are locked."""
        parts = sorted(self._parts_of(notices), key=attrgetter("pk"))
        subject, body = self._phrase()
        lines = MOST_LINES if self.channel == NoticeChannel.EMAIL and LIST in body else 0
        self._put_into_inbox(parts[lines:])
        digest = self._digest_of(notices, parts, self._words(subject, body, len(parts), parts[:lines]))
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

    def _digest_of(self, notices: Sequence[Notice], parts: Sequence[Notice], words: Words) -> Notice:
        """Due when the first of them was."""
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
            next_attempt_at=min(notice.next_attempt_at for notice in notices if notice.next_attempt_at),
        )

    def _phrase(self) -> tuple[str, str]:
        """Subject and text by the phrase template of digests; without one, the bare list."""
        found = PhraseTemplate.objects.filter(situation=Situation.DIGEST, audience=Audience.STAFF).first()
        if found is None:
            with translation.override(self.staff.language):
                return _("{count} notices"), LIST
        english = self.staff.language == Language.ENGLISH
        return (found.subject_en, found.body_en) if english else (found.subject, found.body)

    def _words(self, subject: str, body: str, count: int, listed: Sequence[Notice]) -> Words:
        with translation.override(self.staff.language):
            text = digest_text(count, listed)
            short = _("%(count)d notices wait in your inbox: %(page)s") % {
                "count": count,
                "page": inbox_page(),
            }
        if self.channel == NoticeChannel.SMS:
            body = short
        elif LIST not in body:
            body = f"{body}\n{short}"
        values = {"count": str(count), "list": text}
        return fill_words(subject, body, values, longest_body=LONGEST_BODY + len(text))

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
            # In the order of their cases, which the new rows lock until the end: never in two orders.
            for part in sorted(parts, key=lambda part: (part.case_id or 0, part.pk))
        ]
        Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _key_in_inbox(part: Notice) -> str:
    """By which a rule for the inbox owes the same (``cases.notices.owing``)."""
    of_channel, of_inbox = f":{part.channel}:", f":{NoticeChannel.INBOX.value}:"
    if of_channel in part.owed_key:
        return part.owed_key.replace(of_channel, of_inbox, 1)
    return f"{part.owed_key}{of_inbox}"


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
