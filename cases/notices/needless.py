"""Letters about a customer's silence that are no longer true when their turn comes: they are not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.choices import State
from cases.models import Case, EventKind, Round
from cases.notices.situations import REMINDER

if TYPE_CHECKING:
    from cases.models import Notice

# What the customer is told of their silence, and where the case must stand for it to hold.
HOLDS_IN = {REMINDER: State.CONFIRMATION, EventKind.EXPIRE.value: State.ARCHIVE}


def is_needless(notice: Notice) -> bool:
    """Whether the customer would be told of a silence though they have answered, or nobody waits any more."""
    event = notice.event
    if event is None or notice.customer_id is None or notice.situation not in HOLDS_IN:
        return False
    number = event.round_number
    if Round.objects.filter(case_id=event.case_id, number=number, solved__isnull=False).exists():
        return True
    waiting = Case.objects.filter(pk=event.case_id, round_number=number, state=HOLDS_IN[notice.situation])
    return not waiting.exists()
