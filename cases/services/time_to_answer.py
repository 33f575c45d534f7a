"""
The customer has the time between reminder and end of confirmation also where the reminder came late.

Only silence *after* the reminder is no answer (paper 2.1): after an outage both may be due at once, and a
reminder that was noticed in time may lie in the outbox for hours.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.choices import ClockKind, NoticeState
from cases.models import Announcement, Case, Escalation, Notice, Timer
from cases.services.set_wise import among, update_rows
from cases.standards import BREACH
from cases.timers import due_levels, reckon

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cases.standards import Standards

GRACE = timedelta(minutes=5)  # by which a reminder may be late without anything being put off
KINDS = (ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY)
PUT_OFF = ("not_before", "due_at", "next_percent", "next_at")


@dataclass
class Question:
    """
    Reminder and end of one confirmation, both of which run. ``told_at`` is when the reminder came to the
    customer, as far as the end has to wait for that.
    """

    reminder: Timer
    end: Timer
    told_at: datetime | None = None

    def ends_at(self, told_at: datetime) -> datetime:
        """When there was as much time to answer as lies between the two."""
        return told_at + (self.end.budget - self.reminder.budget)

    def is_late(self, told_at: datetime) -> bool:
        """Whether that is long after the end as it stands, so that it is put off."""
        return self.end.due_at is not None and self.ends_at(told_at) - self.end.due_at > GRACE

    def unnoticed_since(self, standards: Standards, now: datetime) -> datetime | None:
        """When the customer was to be reminded, where that has come and nobody has noticed it yet."""
        return dict(due_levels(self.reminder, standards, now)).get(BREACH)

    def has_ended(self, now: datetime) -> bool:
        return self.end.due_at is not None and self.end.due_at <= now

    def must_wait(self, now: datetime) -> bool:
        """A reminder still owed keeps the end waiting, however little; one that came only if it was late."""
        if self.told_at is None or self.end.due_at is None or self.ends_at(self.told_at) <= now:
            return False
        return self.told_at >= now or self.is_late(self.told_at)


def leave_time_to_answer(timers: Sequence[Timer], standards: Standards, now: datetime) -> list[Timer]:
    """
    Put off the ends of confirmations whose reminder comes late, until there was as much time after it as lies
    between the two; returns the other clocks.

    To be called for clocks that are due, under the locks of their cases. A reminder comes when the first
    notice of it is sent to the customer; as long as one waits in the outbox, none has come. Where no notice
    is owed, or all were given up (then the handler is told), it came when it was noticed. An end that is due
    before its reminder was noticed at all (one that cannot be worked on is held back) is left out as well.
    """
    due = {timer.pk: timer for timer in timers}
    questions = _questions({timer.case_id for timer in timers if timer.kind in KINDS}, due)
    left_out = _look_at_reminders(questions, due, standards, now)
    _read_told([question for question in questions if question.end.pk in due], now)
    left_out |= _put_off(questions, standards, now)
    return [timer for timer in timers if timer.pk not in left_out]


def answer_until(case_id: int, told_at: datetime) -> datetime | None:
    """By when a customer may answer who is reminded at this moment; None where they are not waited for."""
    for question in _questions({case_id}, {}):
        return question.ends_at(told_at) if question.is_late(told_at) else question.end.due_at
    return None


def _questions(case_ids: Collection[int], known: Mapping[int, Timer]) -> list[Question]:
    """Of each of these cases where both clocks run; of clocks that are known, these instances."""
    if not case_ids:
        return []
    found: dict[int, dict[str, Timer]] = defaultdict(dict)
    for row in Timer.objects.running().filter(among("case_id", case_ids), kind__in=KINDS):
        found[row.case_id][row.kind] = known.get(row.pk, row)
    reminder, end = KINDS
    return [Question(both[reminder], both[end]) for both in found.values() if len(both) == len(KINDS)]


def _look_at_reminders(
    questions: Iterable[Question], due: Collection[int], standards: Standards, now: datetime
) -> set[int]:
    """Those noticed now, and late, come now. The ends of all that nobody has noticed yet."""
    unnoticed = set()
    for question in questions:
        planned_at = question.unnoticed_since(standards, now)
        if planned_at is None:
            continue
        unnoticed.add(question.end.pk)
        if question.reminder.pk in due and now - planned_at > GRACE:
            question.told_at = now
    return unnoticed


def _put_off(questions: Iterable[Question], standards: Standards, now: datetime) -> set[int]:
    """The ends that must wait; their cases show the new one where it is what comes next for them."""
    ends: dict[int, Timer] = {}
    for question in questions:
        if question.told_at and question.must_wait(now):
            question.end.not_before = question.ends_at(question.told_at)
            reckon(question.end, standards)
            ends[question.end.case_id] = question.end
    if not ends:
        return set()
    update_rows(Timer, list(ends.values()), PUT_OFF)
    cases = list(Case.objects.filter(among("pk", ends), due_clock=ClockKind.CONFIRMATION_EXPIRY).only("pk"))
    for case in cases:
        case.due_at = ends[case.pk].due_at
    update_rows(Case, cases, ("due_at",))
    return {end.pk for end in ends.values()}


def _read_told(questions: Iterable[Question], now: datetime) -> None:
    """Of those that have ended: when the customer was told; now, where that is still owed."""
    noticed = {q.reminder.pk: q for q in questions if q.has_ended(now) and q.reminder.passed >= BREACH}
    if not noticed:
        return
    levels = Escalation.objects.filter(among("timer_id", noticed), percent=BREACH)
    reminder_of = dict(levels.values_list("event_id", "timer_id"))
    for event_id, told_at in _told_of(reminder_of, now).items():
        noticed[reminder_of[event_id]].told_at = told_at


def _told_of(event_ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """By event: when its customer was first told of it; now, where that is still owed."""
    unworked = Announcement.objects.filter(among("event_id", event_ids))
    told = dict.fromkeys(unworked.values_list("event_id", flat=True), now)
    owed = Notice.objects.filter(among("event_id", event_ids), customer__isnull=False)
    told |= dict.fromkeys(owed.filter(state=NoticeState.WAITING).values_list("event_id", flat=True), now)
    sent = owed.filter(state=NoticeState.SENT).order_by("-sent_at")  # the first one wins
    return told | dict(sent.values_list("event_id", "sent_at"))
