"""
The customer has the time between reminder and end of confirmation also where the reminder came late.

Only silence *after* the reminder is no answer (paper 2.1): after an outage both may be due at once.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.choices import ClockKind
from cases.models import Timer
from cases.services.set_wise import among, update_rows
from cases.standards import BREACH
from cases.timers import due_levels, reckon

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cases.standards import Standards

GRACE = timedelta(minutes=5)  # by which a reminder may be late without anything being put off
KINDS = (ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY)
PUT_OFF = ("not_before", "due_at", "next_percent", "next_at")


def leave_time_to_answer(timers: Sequence[Timer], standards: Standards, now: datetime) -> list[Timer]:
    """
    Put off the ends of confirmations whose reminder comes late, by as much as lies between the two; returns
    the other clocks.

    To be called for clocks that are due, under the locks of their cases. An end that is due before its
    reminder was sent at all (one that cannot be worked on is held back) is left out as well.
    """
    due = {timer.pk: timer for timer in timers}
    left_out: set[int] = set()
    put_off: list[Timer] = []
    for reminder, end in _pairs(due):
        reminded_at = _reminded_at(reminder, standards, now)
        if reminded_at is None:
            continue
        left_out.add(end.pk)
        if reminder.pk in due and now - reminded_at > GRACE:
            end.not_before = now + (end.budget - reminder.budget)
            reckon(end, standards)
            put_off.append(end)
    update_rows(Timer, put_off, PUT_OFF)
    return [timer for timer in timers if timer.pk not in left_out]


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


def _reminded_at(reminder: Timer, standards: Standards, now: datetime) -> datetime | None:
    """When its customer was to be reminded, where that moment has come and nobody has noticed it yet."""
    return dict(due_levels(reminder, standards, now)).get(BREACH)
