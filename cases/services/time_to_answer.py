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
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cases.standards import Standards

GRACE = timedelta(minutes=5)  # by which a reminder may be late without anything being put off
KINDS = (ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY)
Pair = tuple[Timer, Timer]  # reminder and end of one confirmation
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
    unnoticed = _unnoticed(pairs, standards, now)
    told_at = _late(pairs, due, unnoticed, now) | _told_at(pairs, due, now)
    put_off = [end for reminder, end in pairs if _is_put_off(reminder, end, told_at, standards, now)]
    _write(put_off)
    left_out = unnoticed.keys() | {end.pk for end in put_off}
    return [timer for timer in timers if timer.pk not in left_out]


def answer_until(case_id: int, told_at: datetime) -> datetime | None:
    """By when a customer may answer who is reminded at this moment; None where they are not waited for."""
    running = {row.kind: row for row in Timer.objects.running().filter(case_id=case_id, kind__in=KINDS)}
    reminder, end = (running.get(kind) for kind in KINDS)
    if reminder is None or end is None or end.due_at is None:
        return None
    ends_at: datetime = told_at + (end.budget - reminder.budget)
    return ends_at if ends_at - end.due_at > GRACE else end.due_at


def _is_put_off(
    reminder: Timer, end: Timer, told_at: Mapping[int, datetime], standards: Standards, now: datetime
) -> bool:
    """Whether the end is yet to come, which it is then told."""
    at = told_at.get(end.pk)
    if at is None or end.due_at is None:
        return False
    ends_at = at + (end.budget - reminder.budget)
    if ends_at <= now or (at < now and ends_at - end.due_at <= GRACE):
        return False
    end.not_before = ends_at
    reckon(end, standards)
    return True


def _write(put_off: Sequence[Timer]) -> None:
    """Their cases show the new end where it is what comes next for them."""
    update_rows(Timer, put_off, PUT_OFF)
    ends = {end.case_id: end.due_at for end in put_off}
    cases = list(Case.objects.filter(among("pk", ends), due_clock=KINDS[1]).only("pk")) if ends else []
    for case in cases:
        case.due_at = ends[case.pk]
    update_rows(Case, cases, ("due_at",))


def _pairs(due: Mapping[int, Timer]) -> list[Pair]:
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


def _unnoticed(pairs: Iterable[Pair], standards: Standards, now: datetime) -> dict[int, datetime]:
    """By end: when its customer was to be reminded, where that has come and nobody has noticed it yet."""
    planned = {end.pk: dict(due_levels(reminder, standards, now)).get(BREACH) for reminder, end in pairs}
    return {pk: at for pk, at in planned.items() if at is not None}


def _late(
    pairs: Iterable[Pair], due: Collection[int], unnoticed: Mapping[int, datetime], now: datetime
) -> dict[int, datetime]:
    """By end: that its customer is reminded now, where that is noticed now and late."""
    noticed_now = {end.pk for reminder, end in pairs if reminder.pk in due}
    return {pk: now for pk, at in unnoticed.items() if pk in noticed_now and now - at > GRACE}


def _told_at(pairs: Iterable[Pair], due: Collection[int], now: datetime) -> dict[int, datetime]:
    """By end that has come: when its customer was told; now, where that is still owed."""
    ending = [
        (reminder, end) for reminder, end in pairs if end.pk in due and end.due_at and end.due_at <= now
    ]
    end_of = {reminder.pk: end.pk for reminder, end in ending if reminder.passed >= BREACH}
    if not end_of:
        return {}
    noticed = Escalation.objects.filter(among("timer_id", end_of), percent=BREACH)
    reminder_of = dict(noticed.values_list("event_id", "timer_id"))
    told_of = _told_of(reminder_of, now)
    return {end_of[reminder_of[event_id]]: at for event_id, at in told_of.items()}


def _told_of(event_ids: Iterable[int], now: datetime) -> dict[int, datetime]:
    """By event: when its customer was first told of it; now, where that is still owed."""
    pks = list(event_ids)
    unworked = Announcement.objects.filter(among("event_id", pks))
    told = dict.fromkeys(unworked.values_list("event_id", flat=True), now)
    owed = Notice.objects.filter(among("event_id", pks), customer__isnull=False)
    told |= dict.fromkeys(owed.filter(state=NoticeState.WAITING).values_list("event_id", flat=True), now)
    sent = owed.filter(state=NoticeState.SENT).order_by("-sent_at")  # the first one wins
    return told | dict(sent.values_list("event_id", "sent_at"))
