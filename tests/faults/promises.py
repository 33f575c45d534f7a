"""
What must hold after a trial, asked of the rows (reliability paper, I1–I5, I7): a query finds what breaks it.

Those of ``tests.invariants`` hold at any moment, the others once everything has settled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cases.clock import database_now
from cases.models import Announcement, Case, Escalation, Notice, Timer
from tests.invariants import CLOCK_PROMISES, LADDER_PROMISES, PROMISES, violations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TIMELY = timedelta(seconds=5)  # clocks go on coming due while we look


def broken_promises(accepted: Iterable[int], started: Sequence[str]) -> dict[str, list[Any]]:
    """Every promise that does not hold, with rows; ``accepted`` are cases the site said yes to."""
    found = violations(PROMISES | CLOCK_PROMISES | LADDER_PROMISES)
    known = set(Case.objects.values_list("pk", flat=True))
    if lost := [case_id for case_id in accepted if case_id not in known]:
        found["I1 what was accepted is there"] = lost
    if started:
        found["a page failed without saying that it is unavailable"] = list(started)
    return found


def unsettled() -> dict[str, int]:
    """What waits longer than TIMELY to be worked on: nothing of it may be left once a trial has settled."""
    before = database_now() - TIMELY
    return {
        "clocks due": Timer.objects.filter(next_at__lte=before).count(),
        "announcements": Announcement.objects.filter(created_at__lte=before).count(),
        "notices waiting": Notice.objects.filter(state="waiting", next_attempt_at__lte=before).count(),
    }


def lateness_since(last: int) -> list[float]:
    """Seconds by which each level noticed after this escalation was late."""
    spans = Escalation.objects.filter(pk__gt=last).values_list("lateness", flat=True)
    return sorted(span.total_seconds() for span in spans)
