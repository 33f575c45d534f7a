"""
The customer has the time between reminder and end of confirmation also where the reminder came late.

Only silence *after* the reminder is no answer (paper 2.1): after an outage both may be due at once, and a
reminder that was noticed in time may lie in the outbox for hours.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.choices import ClockKind, NoticeState
from cases.models import Announcement, Case, Escalation, Notice, Timer
from cases.services.set_wise import among, update_rows
from cases.standards import BREACH
from cases.timers import due_levels, reckon

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cases.standards import Standards

GRACE = timedelta(minutes=5)  # by which a reminder may be late without anything being put off
KINDS = (ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY)
PUT_OFF = ("not_before", "due_at", "next_percent", "next_at")


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
    pairs = _pairs(due)
    told_at = _told_at([reminder for reminder, end in pairs if end.pk in due], now)
    left_out: set[int] = set()
    put_off: list[Timer] = []
    for reminder, end in pairs:
        planned_at = _reminder_planned_at(reminder, standards, now)
        if planned_at is not None:
            left_out.add(end.pk)
            is_late = reminder.pk in due and now - planned_at > GRACE
            reminded_at = now if is_late else None
        else:
            reminded_at = told_at.get(reminder.pk)
        if reminded_at is not None and _wait_for_answer(reminder, end, reminded_at, now):
            left_out.add(end.pk)
            reckon(end, standards)
            put_off.append(end)
    _write(put_off)
    return [timer for timer in timers if timer.pk not in left_out]


def _wait_for_answer(reminder: Timer, end: Timer, reminded_at: datetime, now: datetime) -> bool:
    """Whether the end is yet to come, which it is then told."""
    ends_at = reminded_at + (end.budget - reminder.budget)
    if ends_at - now <= GRACE:
        return False
    end.not_before = ends_at
    return True


def _write(put_off: Sequence[Timer]) -> None:
    """Their cases show the new end where it is what comes next for them."""
    update_rows(Timer, put_off, PUT_OFF)
    ends = {end.case_id: end.due_at for end in put_off}
    cases = list(Case.objects.filter(among("pk", ends), due_clock=KINDS[1])) if ends else []
    for case in cases:
        case.due_at = ends[case.pk]
    update_rows(Case, cases, ("due_at",))


def _pairs(due: Mapping[int, Timer]) -> list[tuple[Timer, Timer]]:
    """Reminder and end of each case where both run and one of them is due, as the instances given."""
    concerned = {timer.case_id for timer in due.values() if timer.kind in KINDS}
    if not concerned:
        return []
    rows = Timer.objects.running().filter(among("case_id", concerned), kind__in=KINDS)
    found: dict[int, dict[str, Timer]] = defaultdict(dict)
    for row in rows:
        found[row.case_id][row.kind] = due.get(row.pk, row)
    reminder, end = KINDS
    return [(both[reminder], both[end]) for both in found.values() if len(both) == len(KINDS)]


def _reminder_planned_at(reminder: Timer, standards: Standards, now: datetime) -> datetime | None:
    """When its customer was to be reminded, where that moment has come and nobody has noticed it yet."""
    return dict(due_levels(reminder, standards, now)).get(BREACH)


def _told_at(reminders: Iterable[Timer], now: datetime) -> dict[int, datetime]:
    """By reminder that was noticed: when its customer was told; now, where that is still owed."""
    pks = [reminder.pk for reminder in reminders if reminder.passed >= BREACH]
    if not pks:
        return {}
    noticed = Escalation.objects.filter(among("timer_id", pks), percent=BREACH)
    reminder_of = dict(noticed.values_list("event_id", "timer_id"))
    unworked = Announcement.objects.filter(among("event_id", reminder_of))
    told = dict.fromkeys(unworked.values_list("event_id", flat=True), now)
    owed = Notice.objects.filter(among("event_id", reminder_of), customer__isnull=False)
    told |= dict.fromkeys(owed.filter(state=NoticeState.WAITING).values_list("event_id", flat=True), now)
    sent = owed.filter(state=NoticeState.SENT).order_by("-sent_at")  # the first one wins
    told |= dict(sent.values_list("event_id", "sent_at"))
    return {reminder_of[event_id]: at for event_id, at in told.items()}
