"""
People for whom too much is due at once: it is put together, or held for a while after the last time.

When more than twenty are due, those sent lately counted, an outage ends without a storm of mail. After a
digest comes a rest (``NOTICE_DIGEST_REST``) in which the next of its kind, urgent or not, is held. Nothing is
put together that was tried already: the far side may have it, and knows it by its key. Customers' notices are
never put together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q

from cases.choices import NoticeChannel, NoticeState, Situation
from cases.clock import database_now
from cases.models import Notice, Staff
from cases.notices.digests import digest_phrase, make_digest, put_into_inbox

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from cases.querysets import NoticeQuerySet

MOST_SINGLE = 20
CHANNELS = (NoticeChannel.EMAIL, NoticeChannel.SMS)
UNTRIED = Q(attempts=0, replayed_at=None)

Kind = tuple[int, bool]  # whose notices, by id, and whether they are urgent


def gather_crowds(channel: str) -> int:
    """
    Put together, or hold, what is due by this channel to people who get too much; how many rows that changed.

    Call it after what is to be sent was chosen, and choose anew where it changed something.
    """
    if channel not in CHANNELS:
        return 0
    at = database_now()  # not that of the claim: what was sent meanwhile counts
    due = Notice.objects.due(at).filter(UNTRIED, channel=channel, staff__isnull=False)
    counted = due.order_by().values_list("staff", "urgent").annotate(many=Count("pk"))
    kinds: dict[Kind, int] = {(staff_id, urgent): many for staff_id, urgent, many in counted}
    if not kinds:
        return 0
    crowds = Crowds(channel, at, due, kinds)
    crowds.look_back()
    return crowds.gather()


@dataclass
class Crowds:
    """What is due by one channel, and what was sent lately; ``rests`` are until when a kind is held."""

    channel: str
    at: datetime
    due: NoticeQuerySet
    kinds: dict[Kind, int]
    sent: Counter[Kind] = field(default_factory=Counter)
    rests: dict[Kind, datetime] = field(default_factory=dict)

    def look_back(self) -> None:
        """Count single notices sent within the rest, and find digests that were sent or are under way."""
        people = {staff_id for staff_id, _urgent in self.kinds}
        mine = Notice.objects.filter(channel=self.channel, staff__in=people).order_by()
        since = self.at - settings.NOTICE_DIGEST_REST
        lately = mine.filter(state=NoticeState.SENT, sent_at__gt=since, sent_at__lte=self.at)
        singles = lately.exclude(situation=Situation.DIGEST)
        for staff_id, urgent, many in singles.values_list("staff", "urgent").annotate(many=Count("pk")):
            self.sent[staff_id, urgent] = many
        digests = [*lately.filter(situation=Situation.DIGEST)]
        digests += mine.filter(situation=Situation.DIGEST, state=NoticeState.WAITING)
        for digest in digests:
            self._rest_after(digest)

    def _rest_after(self, digest: Notice) -> None:
        ends_at = self._end_of_rest(digest)
        if ends_at and ends_at > self.at and digest.staff_id:
            kind = (digest.staff_id, digest.urgent)
            self.rests[kind] = max(self.rests.get(kind, ends_at), ends_at)

    def _end_of_rest(self, digest: Notice) -> datetime | None:
        """
        After one that was sent, while one is on its way, and until one that failed is tried again, where that
        is not longer than a rest.
        """
        if digest.sent_at:
            return digest.sent_at + settings.NOTICE_DIGEST_REST
        if digest.lease_until and digest.lease_until > self.at:
            return digest.lease_until
        again_at = digest.next_attempt_at if digest.attempts else None
        return again_at if again_at and again_at <= self.at + settings.NOTICE_DIGEST_REST else None

    def gather(self) -> int:
        """How many rows were put together or held."""
        held = [kind for kind in sorted(self.kinds) if self._is_held(kind)]
        crowded = [kind for kind in sorted(self.kinds) if self._is_crowd(kind) and kind not in held]
        changed = sum(self._due_to(kind).update(next_attempt_at=self.rests[kind]) for kind in held)
        return changed + (self._put_together(crowded) if crowded else 0)

    def _put_together(self, kinds: Collection[Kind]) -> int:
        people = Staff.objects.in_bulk({staff_id for staff_id, _urgent in kinds})
        changed, unlisted, phrase = 0, [], digest_phrase()
        for kind in kinds:
            rows = self._due_to(kind).order_by("pk")
            notices = list(rows.select_for_update(skip_locked=True, of=("self",)))
            if len(notices) > 1:
                unlisted += make_digest(self.channel, people[kind[0]], notices, phrase)
                changed += len(notices)
        put_into_inbox(unlisted, self.at)
        return changed

    def _due_to(self, kind: Kind) -> NoticeQuerySet:
        staff_id, urgent = kind
        return self.due.filter(staff=staff_id, urgent=urgent)

    def _is_crowd(self, kind: Kind) -> bool:
        other = (kind[0], not kind[1])
        both = self.kinds[kind] + self.kinds.get(other, 0) + self.sent[kind] + self.sent[other]
        return self.kinds[kind] > 1 and both > MOST_SINGLE

    def _is_held(self, kind: Kind) -> bool:
        """Within a rest; of urgent ones only a crowd of their own."""
        alone = kind[1] and self.kinds[kind] + self.sent[kind] <= MOST_SINGLE
        return kind in self.rests and not alone
