"""
What must hold after a trial, asked of the rows (reliability paper, I1–I5, I7): a query finds what breaks it.

I2 and I4 are those of ``tests.invariants``, which hold at any moment; these hold once everything has settled.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from cases.clock import database_now
from cases.models import Announcement, Case, Escalation, Notice, Timer
from tests.invariants import violations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

TIMELY = timedelta(seconds=5)  # clocks go on coming due while we look
SETTLED: dict[str, str] = {
    "I3 an escalation has exactly one event of its cause": """
        SELECT x.id FROM cases_escalation x
        JOIN cases_caseevent e ON e.id = x.event_id
        WHERE e.cause_key <> 'timer:' || x.timer_id || ':' || x.percent OR e.kind <> 'escalate'
    """,
    "I3 an event of a clock has exactly one escalation": """
        SELECT e.id FROM cases_caseevent e LEFT JOIN cases_escalation x ON x.event_id = e.id
        WHERE e.kind = 'escalate' AND x.id IS NULL
    """,
    "I3 no level is noticed before its time": """
        SELECT id FROM cases_escalation WHERE fired_at < planned_at
    """,
    "I3 no clock reaches a level after it has stopped": """
        SELECT x.id FROM cases_escalation x JOIN cases_timer t ON t.id = x.timer_id
        JOIN cases_caseevent e ON e.id = x.event_id
        WHERE t.stopped_at IS NOT NULL AND e.at > t.stopped_at
    """,
    "I3 nothing is reached of a case that has ended": """
        SELECT e.id FROM cases_caseevent e
        JOIN cases_caseevent p ON p.case_id = e.case_id AND p.seq = e.seq - 1
        WHERE e.kind = 'escalate' AND p.to_state = 'archive' AND CAST(e.data AS text) NOT LIKE '%retention%'
    """,
    "I3 an archived case runs no clock but its retention": """
        SELECT t.id FROM cases_timer t JOIN cases_case c ON c.id = t.case_id
        WHERE c.state = 'archive' AND t.stopped_at IS NULL AND t.kind <> 'retention'
    """,
    "I5 a notice is owed once": """
        SELECT owed_key FROM cases_notice GROUP BY owed_key HAVING count(*) > 1
    """,
    "I5 a notice given up says why": """
        SELECT id FROM cases_notice WHERE state = 'dead' AND error = ''
    """,
    "I7 nobody is told of a case of another department": """
        SELECT n.id FROM cases_notice n JOIN cases_case c ON c.id = n.case_id
        JOIN cases_team t ON t.id = c.team_id JOIN cases_staff s ON s.id = n.staff_id
        WHERE s.department_id IS NOT NULL AND s.department_id <> t.department_id
    """,
}


def broken_promises(accepted: Iterable[int], started: Sequence[str]) -> dict[str, list[Any]]:
    """Every promise that does not hold, with rows; ``accepted`` are cases the site said yes to."""
    found: dict[str, list[Any]] = dict(violations())
    with connection.cursor() as cursor:
        for promise, query in SETTLED.items():
            cursor.execute(query)
            if rows := cursor.fetchmany(10):
                found[promise] = rows
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


def deliveries(*files: Path) -> Counter[str]:
    """How often the far side was given each key."""
    lines = (line for file in files if file.exists() for line in file.read_text().splitlines())
    return Counter(json.loads(line)["key"] for line in lines)


def keys_sent() -> list[str]:
    """Of the notices that are marked as sent; to be asked before the gateways are, for sending goes on."""
    outside = Notice.objects.filter(state="sent").exclude(channel="inbox")
    return [str(key) for key in outside.values_list("key", flat=True)]


def undelivered(sent: Iterable[str], seen: Counter[str]) -> list[str]:
    """Those marked as sent that no gateway ever saw."""
    return [key for key in sent if key not in seen][:10]
