"""
The rows of a made-up case as the database takes them: ids, text and numbers, in the order of the columns.

Moments are text in UTC without a zone, which PostgreSQL (whose session is in UTC) and SQLite read alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from cases.choices import Source, State, Tier, Urgency

Row = tuple[Any, ...]


@dataclass(slots=True)
class CaseRow:
    id: int
    number: str
    customer_id: int
    contact_id: int
    channel: str
    type: str
    topic_id: int
    description: str
    region: str
    product: str
    order_number: str
    amount: str | None
    remark: str
    received_at: str
    expected_at: str | None
    state_since: str
    team_id: int
    intake_team_id: int
    search_text: str = ""
    urgency: str = Urgency.NORMAL.value
    source: str = Source.STAFF.value
    details_confirmed_at: str | None = None
    first_response_at: str | None = None
    accepted_at: str | None = None
    promised_at: str | None = None
    triage_since: str | None = None
    offered_at: str | None = None
    contacted_at: str | None = None
    clocks_from: str | None = None
    due_at: str | None = None
    due_clock: str = ""
    reminded_at: str | None = None
    archived_at: str | None = None
    state: str = State.INTAKE.value
    tier: int = Tier.FRONT_LINE.value
    handler_id: int | None = None
    handler_name: str = ""
    waiting_for: str = ""
    bounce_count: int = 0
    round_number: int = 1
    confirmation: str = ""
    outcome: str = ""
    duplicate_of_id: int | None = None
    legal_hold: bool = False
    version: int = 0


@dataclass(slots=True)
class RoundRow:
    id: int
    case_id: int
    number: int
    opened_at: str
    handler_id: int | None = None
    needs_plan: bool = False
    closed_at: str | None = None
    answered_directly: bool = False
    result: str = ""
    proof: str = ""
    delivered_at: str | None = None
    solved: bool | None = None
    score: int | None = None
    score_source: str = ""
    score_channel: str = ""
    comment: str = ""
    plan: str = ""
    plan_submitted_at: str | None = None


@dataclass(slots=True)
class SupportRow:
    case_id: int
    round_id: int
    team_id: int
    request: str
    requested_by_id: int | None
    requested_at: str
    due_at: str
    result: str = ""
    finished_by_id: int | None = None
    finished_at: str | None = None
    waived_at: str | None = None


@dataclass(slots=True)
class EventRow:
    id: int
    case_id: int
    seq: int
    kind: str
    at: str
    recorded_at: str
    from_state: str
    to_state: str
    actor_id: int | None
    team_id: int
    round_number: int
    waiting_for: str
    note: str
    data: str
    imported: bool = False
    cause_key: str | None = None


@dataclass(slots=True)
class MessageRow:
    case_id: int
    event_id: int
    direction: str
    channel: str
    body: str
    at: str
    author_id: int | None


@dataclass(slots=True)
class CustomerRow:
    id: int
    number: str
    name: str
    region: str
    vip_level: int
    dedicated_agent_id: int | None
    stand_in_id: int | None
    language: str
    created_at: str
    notes: str = ""
    active: bool = True


@dataclass(slots=True)
class ContactRow:
    id: int
    customer_id: int
    kind: str
    value: str
    preferred: bool


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]
    values: Callable[[Any], Row]


def _table(name: str, row: type) -> Table:
    columns = tuple(each.name for each in fields(row))
    return Table(name, columns, attrgetter(*columns))


CUSTOMERS = _table("cases_customer", CustomerRow)
CONTACTS = _table("cases_customercontact", ContactRow)
CASES = _table("cases_case", CaseRow)
ROUNDS = _table("cases_round", RoundRow)
SUPPORT = _table("cases_supportrequest", SupportRow)
EVENTS = _table("cases_caseevent", EventRow)
MESSAGES = _table("cases_message", MessageRow)


@dataclass
class Batch:
    """Rows of some cases, by table, in an order in which foreign keys find what they point to."""

    cases: list[CaseRow] = field(default_factory=list)
    rounds: list[RoundRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    support: list[SupportRow] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)

    def by_table(self) -> tuple[tuple[Table, list[Any]], ...]:
        return (
            (CASES, self.cases),
            (ROUNDS, self.rounds),
            (EVENTS, self.events),
            (SUPPORT, self.support),
            (MESSAGES, self.messages),
        )
