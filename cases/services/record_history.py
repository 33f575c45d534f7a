"""What a row of the record sheet says about the way its case went: state and events. Writes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cases.choices import Confirmation, Outcome, State
from cases.models import EventKind

if TYPE_CHECKING:
    from cases.record_sheet import Cells, RecordRow

OUTCOMES: dict[str, str] = {
    Confirmation.SATISFIED: Outcome.CONFIRMED,
    Confirmation.UNANSWERED: Outcome.UNANSWERED,
}
ENDINGS = {
    Confirmation.SATISFIED: EventKind.CONFIRM,
    Confirmation.UNANSWERED: EventKind.EXPIRE,
    Confirmation.DISSATISFIED: EventKind.DISPUTE,
}
STATES_AFTER = {
    EventKind.REGISTER: State.INTAKE,
    EventKind.BEGIN_ANALYSIS: State.ANALYSIS,
    EventKind.DISPATCH: State.HANDLING,
    EventKind.DELIVER: State.CONFIRMATION,
    EventKind.CONFIRM: State.ARCHIVE,
    EventKind.EXPIRE: State.ARCHIVE,
    EventKind.DISPUTE: State.HANDLING,
}
# In the data of the first event, the digest of the row as the sheet had it: it tells the same row from
# another after people and topics got other names, and keeps no name and no word of a customer for ever.
WRITTEN = "row"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event to be; ``at`` is aware."""

    kind: str
    at: datetime
    from_state: str
    to_state: str
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """The events of one case in order, each beginning in the state the one before ended in."""

    state: str = ""
    state_since: datetime = datetime.min.replace(tzinfo=UTC)
    happenings: list[Happening] = field(default_factory=list)

    def add(self, kind: str, at: datetime, note: str = "", data: dict[str, Any] | None = None) -> None:
        after = str(STATES_AFTER.get(EventKind(kind), self.state))
        self.happenings.append(Happening(kind, at, self.state, after, note, data or {}))
        if after != self.state:
            self.state, self.state_since = after, at


def history_of(row: RecordRow) -> History:
    """
    The way a case must have gone to look like this row.

    The sheet tells when the request came in, when it was answered and when each key point was; the steps
    between, without which no such state is reached, are put at the nearest of these moments.
    """
    history = History()
    history.add(EventKind.REGISTER, row.received_at, data={WRITTEN: {"sha256": digest_of(row.cells)}})
    begun = begun_at(row)
    if begun:
        history.add(EventKind.BEGIN_ANALYSIS, begun)
    if begun and _was_handled(row):
        history.add(EventKind.DISPATCH, begun)
    _add_contact_and_key_points(history, row)
    if row.confirmation:
        end = ended_at(row)
        history.add(EventKind.DELIVER, end, data={"result": row.result})
        if ending := ENDINGS.get(Confirmation(row.confirmation)):
            history.add(ending, end, data={} if row.score is None else {"score": row.score})
    return history


def digest_of(cells: Cells) -> str:
    """SHA-256 of thirteen cells, the same for the same letters and for no others."""
    return sha256(json.dumps(cells).encode()).hexdigest()


def begun_at(row: RecordRow) -> datetime | None:
    """When somebody first took the case up; None where nobody has."""
    known = [row.first_response_at, *(point.at for point in row.key_points[:1])]
    moments = [moment for moment in known if moment]
    if not moments and not _was_handled(row):
        return None
    return max(row.received_at, min(moments, default=row.received_at))


def ended_at(row: RecordRow) -> datetime:
    """The last moment the sheet knows of."""
    response = [row.first_response_at] if row.first_response_at else []
    return max([row.received_at, *response, *(point.at for point in row.key_points)])


def _was_handled(row: RecordRow) -> bool:
    return bool(row.confirmation or row.result or row.handler or row.key_points)


def _add_contact_and_key_points(history: History, row: RecordRow) -> None:
    """The first contact before the first key point that is not earlier; key points in written order."""
    response = row.first_response_at
    for point in row.key_points:
        if response and point.at >= response:
            history.add(EventKind.CONTACT_CUSTOMER, response)
            response = None
        written = {"written": point.written, "joint": point.joint}
        history.add(EventKind.REPORT_PROGRESS, point.at, point.text, written)
    if response:
        history.add(EventKind.CONTACT_CUSTOMER, response)
