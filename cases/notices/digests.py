"""
A digest: many notices to one person in one mail or text message.

It lists the first hundred; what it has no line for is put into the inbox, and it says so.
"""

from __future__ import annotations

import uuid
from operator import attrgetter
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cases.choices import Audience, Language, NoticeChannel, NoticeState, Situation
from cases.models import Notice, PhraseTemplate
from cases.notices.phrases import Words, fill_words
from cases.notices.placeholders import LONGEST_BODY
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cases.models import Staff

MOST_LINES = 100  # of a mail; a text message has no room for a list
BATCH = 1000  # rows of one statement
LIST = "{list}"  # the placeholder without which a mail has no lines


def digest_phrase() -> PhraseTemplate | None:
    return PhraseTemplate.objects.filter(situation=Situation.DIGEST, audience=Audience.STAFF).first()


def make_digest(
    channel: str, staff: Staff, notices: Sequence[Notice], phrase: PhraseTemplate | None
) -> list[Notice]:
    """
    Put these notices to a person, whose rows are locked, into one; those it has no line for are returned.

    An earlier digest among them is taken apart: what it was made of is part of the new one.
    """
    parts = sorted(_parts_of(notices), key=attrgetter("pk"))
    subject, body = _phrase_for(staff, phrase)
    lines = MOST_LINES if channel == NoticeChannel.EMAIL and LIST in body else 0
    with translation.override(staff.language):
        words = _words(channel, subject, body, len(parts), parts[:lines])
    digest = Notice.objects.create(
        situation=Situation.DIGEST,
        channel=channel,
        staff=staff,
        language=staff.language,
        subject=words.subject,
        body=words.body,
        urgent=notices[0].urgent,
        owed_key=f"digest:{uuid.uuid4()}",
        created_at=min(part.created_at for part in parts),
        next_attempt_at=min(notice.next_attempt_at for notice in notices if notice.next_attempt_at),
    )
    earlier = [notice for notice in notices if notice.situation == Situation.DIGEST]
    _put_into(digest, [*parts, *earlier])
    return parts[lines:]


def _put_into(digest: Notice, notices: Sequence[Notice]) -> None:
    taken = {"state": NoticeState.DIGESTED, "next_attempt_at": None, "lease_until": None}
    for some in batched(notices, BATCH):
        mine = Notice.objects.filter(pk__in=[each.pk for each in some])
        mine.update(**taken, lease_token=None, digest=digest)


def _parts_of(notices: Sequence[Notice]) -> Iterator[Notice]:
    for some in batched(notices, BATCH):
        ids = [notice.pk for notice in some]
        found = Notice.objects.filter(Q(pk__in=ids) | Q(digest__in=ids))
        yield from found.exclude(situation=Situation.DIGEST).select_related("case")


def _phrase_for(staff: Staff, phrase: PhraseTemplate | None) -> tuple[str, str]:
    """Subject and text; without a template, the bare list."""
    if phrase is None:
        with translation.override(staff.language):
            return _("{count} notices"), LIST
    english = staff.language == Language.ENGLISH
    return (phrase.subject_en, phrase.body_en) if english else (phrase.subject, phrase.body)


def _words(channel: str, subject: str, body: str, count: int, listed: Sequence[Notice]) -> Words:
    """In the language that is active."""
    wait = _("%(count)d notices wait in your inbox: %(page)s") % {"count": count, "page": inbox_page()}
    if channel == NoticeChannel.SMS:
        body = wait
    elif not listed:
        body = f"{body}\n{wait}"
    text = digest_text(count, listed)
    values = {"count": str(count), "list": text}
    return fill_words(subject, body, values, longest_body=LONGEST_BODY + len(text))


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


def inbox_page() -> str:
    return f"{settings.SITE_URL}{reverse('admin:cases_inbox')}"


def put_into_inbox(notices: Iterable[Notice], at: datetime) -> None:
    """Each of these notices to staff that is not there yet, by another rule or from an earlier digest."""
    rows = [
        Notice(
            event_id=notice.event_id,
            case_id=notice.case_id,
            situation=notice.situation,
            channel=NoticeChannel.INBOX,
            staff_id=notice.staff_id,
            in_place_of_id=notice.in_place_of_id,
            language=notice.language,
            subject=notice.subject,
            body=notice.body,
            urgent=notice.urgent,
            owed_key=_key_in_inbox(notice),
            created_at=at,
            state=NoticeState.SENT,
            sent_at=at,
        )
        # In one order: who writes a key that another is writing waits for the other's end.
        for notice in sorted(notices, key=_key_in_inbox)
    ]
    Notice.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _key_in_inbox(notice: Notice) -> str:
    """By which a rule for the inbox owes the same (``cases.notices.owing``)."""
    of_channel, of_inbox = f":{notice.channel}:", f":{NoticeChannel.INBOX.value}:"
    if of_channel in notice.owed_key:
        return notice.owed_key.replace(of_channel, of_inbox, 1)
    return f"{notice.owed_key}{of_inbox}"
