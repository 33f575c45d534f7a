"""
What must hold of all rows at any moment, as SQL for both databases (reliability paper, I2 to I5 and I7).

Each query returns the rows that break its promise; ``violations`` names the promises broken.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

PROMISES: dict[str, str] = {
    "I2 a cause happens once": """
        SELECT cause_key FROM cases_caseevent WHERE cause_key IS NOT NULL
        GROUP BY cause_key HAVING count(*) > 1
    """,
    "I2 a number is given once": """
        SELECT number FROM cases_case GROUP BY number HAVING count(*) > 1
    """,
    "I4 events count 1..n without a gap, and n is the version": """
        SELECT c.id FROM cases_case c LEFT JOIN cases_caseevent e ON e.case_id = c.id
        GROUP BY c.id, c.version
        HAVING count(e.id) <> c.version OR min(e.seq) <> 1 OR max(e.seq) <> c.version
            OR count(DISTINCT e.seq) <> c.version
    """,
    "I4 each event begins where the one before ended": """
        SELECT e.id FROM cases_caseevent e
        LEFT JOIN cases_caseevent p ON p.case_id = e.case_id AND p.seq = e.seq - 1
        WHERE e.from_state <> COALESCE(p.to_state, '')
    """,
    "I4 the last event ended in the state of the case": """
        SELECT c.id FROM cases_case c JOIN cases_caseevent e ON e.case_id = c.id AND e.seq = c.version
        WHERE e.to_state <> c.state OR e.round_number <> c.round_number
    """,
    "an open case has one open round, the last; an archived one has none": """
        SELECT c.id FROM cases_case c JOIN cases_round r ON r.case_id = c.id
        GROUP BY c.id, c.state, c.round_number
        HAVING count(*) <> c.round_number OR max(r.number) <> c.round_number
            OR sum(CASE WHEN r.closed_at IS NULL THEN 1 ELSE 0 END)
               <> CASE WHEN c.state = 'archive' THEN 0 ELSE 1 END
            OR max(CASE WHEN r.closed_at IS NULL THEN r.number ELSE c.round_number END) <> c.round_number
    """,
    "who handles the case handles its open round": """
        SELECT c.id FROM cases_case c JOIN cases_round r ON r.case_id = c.id AND r.closed_at IS NULL
        WHERE c.handler_id IS NOT NULL AND (r.handler_id IS NULL OR r.handler_id <> c.handler_id)
    """,
    "an archived case waits for nobody": """
        SELECT c.id FROM cases_case c WHERE c.state IN ('confirmation', 'archive') AND c.waiting_for <> ''
        UNION
        SELECT s.case_id FROM cases_supportrequest s JOIN cases_case c ON c.id = s.case_id
        WHERE s.finished_at IS NULL AND s.waived_at IS NULL AND c.state <> 'handling'
    """,
    "only what an open case handled was accepted or delivered": """
        SELECT c.id FROM cases_case c JOIN cases_round r ON r.case_id = c.id AND r.number = c.round_number
        WHERE (c.state IN ('intake', 'analysis') AND c.accepted_at IS NOT NULL)
           OR (c.state = 'confirmation' AND r.delivered_at IS NULL)
           OR (c.state = 'confirmation' AND r.needs_plan AND r.plan = '')
           OR (c.accepted_at IS NOT NULL AND (c.promised_at IS NULL OR c.handler_id IS NULL))
    """,
    "the first response is the first message to the customer, never a change of state": """
        SELECT c.id FROM cases_case c
        WHERE c.source <> 'import' AND (SELECT min(m.at) FROM cases_message m
               WHERE m.case_id = c.id AND m.direction = 'out') IS DISTINCT FROM c.first_response_at
    """,
    "a topic belongs to the type of its case": """
        SELECT c.id FROM cases_case c JOIN cases_topic t ON t.id = c.topic_id WHERE t.type <> c.type
    """,
    "a chain of duplicates has an end": """
        WITH RECURSIVE chain (start, next, steps) AS (
            SELECT id, duplicate_of_id, 1 FROM cases_case WHERE duplicate_of_id IS NOT NULL
            UNION ALL
            SELECT chain.start, c.duplicate_of_id, chain.steps + 1
            FROM chain JOIN cases_case c ON c.id = chain.next
            WHERE c.duplicate_of_id IS NOT NULL AND chain.steps < 50
        )
        SELECT start FROM chain WHERE next = start OR steps = 50
    """,
}

CLOCK_PROMISES: dict[str, str] = {
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
    "I3 no level comes after the event that stopped its clock": """
        SELECT x.id FROM cases_escalation x JOIN cases_timer t ON t.id = x.timer_id
        JOIN cases_caseevent e ON e.id = x.event_id
        WHERE e.seq > (SELECT max(p.seq) FROM cases_caseevent p
                       WHERE p.case_id = t.case_id AND p.at = t.stopped_at AND p.kind <> 'escalate')
    """,
    "I3 the level a clock has reached is the last of its ledger": """
        SELECT t.id FROM cases_timer t LEFT JOIN cases_escalation x ON x.timer_id = t.id
        GROUP BY t.id, t.passed HAVING t.passed <> COALESCE(max(x.percent), 0)
    """,
    "I3 a clock that runs waits for its next level, while one is left": """
        SELECT t.id FROM cases_timer t
        WHERE t.stopped_at IS NULL AND t.paused_at IS NULL AND t.next_at IS NULL
          AND (t.passed < 100
               OR t.kind <> 'retention' AND t.standards = (SELECT max(number) FROM cases_standardsstamp)
                  AND EXISTS (SELECT 1 FROM cases_ladderstep l
                              WHERE l.active AND l.kind = t.kind AND l.percent > t.passed))
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

# Where the ladder is as it was when the clocks began: a level added below the one reached is never told.
LADDER_PROMISES: dict[str, str] = {
    "I3 no level of the ladder is passed over": """
        SELECT t.id FROM cases_timer t
        JOIN (SELECT kind, percent FROM cases_ladderstep WHERE active
              UNION SELECT kind, 100 FROM cases_timer) l ON l.kind = t.kind AND l.percent <= t.passed
        LEFT JOIN cases_escalation x ON x.timer_id = t.id AND x.percent = l.percent
        WHERE x.id IS NULL
    """,
}

COUNTED = ("case", "caseevent", "round", "message", "supportrequest", "attachment")


def violations(promises: dict[str, str] = PROMISES) -> dict[str, list[Any]]:
    """Those of the promises that do not hold, each with up to ten rows that break it. Empty is well."""
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for promise, query in promises.items():
            cursor.execute(query)
            if rows := cursor.fetchmany(10):
                found[promise] = rows
    return found


def trace(*case_ids: int) -> tuple[Any, ...]:
    """All that a transition could leave behind: how many rows there are, and what these cases hold."""
    ids = ", ".join(str(case_id) for case_id in case_ids)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM cases_{name})" for name in COUNTED))
        counts = cursor.fetchone()
        held = []
        for table, key in (("case", "id"), ("round", "case_id"), ("supportrequest", "case_id")):
            cursor.execute(f"SELECT * FROM cases_{table} WHERE {key} IN ({ids}) ORDER BY id")
            held.append(cursor.fetchall())
    return counts, *held
