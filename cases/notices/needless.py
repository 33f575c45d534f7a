"""Questions to customers that have been answered while they waited in the outbox: they are not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.choices import ClockKind, State
from cases.models import Case, EventKind, Round
from cases.notices.situations import situation_of

if TYPE_CHECKING:
    from cases.models import Notice

REMINDER = situation_of(EventKind.ESCALATE, ClockKind.CONFIRMATION_REMINDER)


def is_needless(notice: Notice) -> bool:
    """
    Whether the customer would be told that we have heard nothing although we have.

    A reminder is also needless when its round no longer waits for an answer.
    """
    event = notice.event
    if event is None or notice.customer_id is None or notice.situation not in (REMINDER, EventKind.EXPIRE):
        return False
    rounds = Round.objects.filter(case_id=event.case_id, number=event.round_number)
    if rounds.filter(solved__isnull=False).exists():
        return True
    asked = Case.objects.filter(pk=event.case_id, state=State.CONFIRMATION, round_number=event.round_number)
    return notice.situation == REMINDER and not asked.exists()
