"""One step of a case: the lock it begins with, the event it leaves, the rows it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Subquery

from cases.choices import Direction, State
from cases.clock import database_clock
from cases.exceptions import CaseNotFound, StalePage
from cases.models import (
    Announcement,
    Case,
    CaseEvent,
    EventKind,
    Message,
    Round,
    StandardsStamp,
    SupportRequest,
    Timer,
)
from cases.services.clocks import plan_sync, rows_to_sync, standards_seen, write_timers
from cases.waking import wake

if TYPE_CHECKING:
    from collections.abc import Collection

    from cases.models import Staff

# A page is not out of date because a clock went on while it was open.
UNNOTICED = (EventKind.ESCALATE,)
# Steps that change nothing a clock is derived from.
WITHOUT_CLOCKS = (
    EventKind.ADD_NOTE,
    EventKind.ATTACH_FILE,
    EventKind.CHANGE_WORD,
    EventKind.CONFIRM_DETAILS,
    EventKind.LINK_DUPLICATE,
    EventKind.RECEIVE_MESSAGE,
    EventKind.REFUSE_ACTION,
    EventKind.REMIND,
)


@dataclass
class Step:
    """
    One fact being added to a locked case.

    ``at`` is the moment of the step (aware); ``data`` the answers given; ``kept`` what the event keeps
    beside them.
    """

    case: Case
    kind: str
    actor: Staff | None
    at: datetime
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    words: Message | None = None
    asked: list[SupportRequest] = field(default_factory=list)
    opened: Round | None = None
    source: str = ""
    before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source = self.case.state
        self.before = field_values(self.case)

    def say(self, direction: Direction, channel: str, body: str, at: datetime | None = None) -> None:
        """Keep words with the event of this step."""
        self.words = Message(
            case=self.case,
            direction=direction,
            channel=channel,
            body=body,
            at=at or self.at,
            author=None if direction == Direction.INBOUND else self.actor,
        )

    def change_round(self, **values: object) -> None:
        """Write fields of the present round."""
        current = self.case.current_round
        for name, value in values.items():
            setattr(current, name, value)
        current.save(update_fields=list(values))

    def close_round(self, **values: object) -> None:
        """End the present round; support nobody will need any more is waived."""
        self.change_round(closed_at=self.at, **values)
        self.waive_support()

    def open_round(self, *, needs_plan: bool) -> None:
        """Begin the round the case has just been counted up to."""
        case = self.case
        self.opened = case.current_round = Round.objects.create(
            case=case,
            number=case.round_number,
            opened_at=self.at,
            handler=case.handler,
            needs_plan=needs_plan,
        )

    def waive_support(self) -> None:
        """Only a case in handling has supporting teams at work."""
        if self.source != State.HANDLING:
            return
        SupportRequest.objects.unfinished().filter(case=self.case).update(waived_at=self.at)


def field_values(case: Case) -> dict[str, Any]:
    """What the row holds, by attribute name."""
    return {f.attname: getattr(case, f.attname) for f in case._meta.concrete_fields}


def lock_case(case_id: int, *, with_others: Collection[int] = ()) -> Case:
    """
    Lock the case, and others a step also writes to, in the order of their ids.

    The first statement of every write, so that locks are never taken in two orders. Raises CaseNotFound.
    """
    wanted = {case_id, *with_others}
    rows = Case.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    parts = ("team", "handler", "topic", "customer", "service_level")
    locked = {case.pk: case for case in with_standards(rows).select_related(*parts)}
    if wanted - locked.keys():
        raise CaseNotFound
    for case in locked.values():
        case.locked_beside = locked
        case.locked_at = max(case.database_time, case.state_since)
        case.standards = standards_seen(case.standards_number, case.standards_key)
    found: Case = locked[case_id]
    return found


def with_standards(cases: models.QuerySet[Case]) -> models.QuerySet[Any]:
    """The same cases, each with the database's time and the count of changed standards, in one statement."""
    stamp = StandardsStamp.objects.order_by()
    return cases.annotate(
        database_time=database_clock(),
        standards_number=Subquery(stamp.values("number")[:1]),
        standards_key=Subquery(stamp.values("key")[:1]),
    )


def refuse_stale(case: Case, expected_version: int | None) -> None:
    """
    Raise StalePage, with what happened meanwhile, when the page showed another version.

    Levels that clocks reached are no reason: nothing the page shows or offers is wrong because of them.
    """
    if expected_version is None or expected_version == case.version:
        return
    since = list(case.events.filter(seq__gt=expected_version).select_related("actor"))
    if expected_version > case.version or any(event.kind not in UNNOTICED for event in since):
        raise StalePage(case, since)


def plain(value: Any) -> Any:
    """A value as the event's JSON keeps it: rows by id, moments in ISO 8601, amounts as text."""
    match value:
        case models.Model():
            return value.pk
        case datetime():
            return value.isoformat()
        case Decimal():
            return str(value)
        case list() | tuple() | models.QuerySet():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def finish_step(step: Step, *, cause_key: str | None = None) -> CaseEvent:
    """
    Write the event, then the case, the words and the clocks. The database refuses a state without its event.

    Exactly one event, one version up, one update of the case; the notices the event may cause are owed from
    the same moment on.
    """
    case = step.case
    case.version += 1
    if case.state != step.source:
        case.state_since = step.at
    timers: list[Timer] = []
    if step.kind not in WITHOUT_CLOCKS:
        timers = plan_sync(case, rows_to_sync(case), cause=step.kind, at=step.at, asked=step.asked)
    event = CaseEvent.objects.create(
        case=case,
        seq=case.version,
        kind=step.kind,
        at=step.at,
        from_state=step.source,
        to_state=case.state,
        actor=step.actor,
        team=case.team,
        round_number=case.round_number,
        waiting_for=case.waiting_for,
        note=step.note,
        data={name: plain(value) for name, value in {**step.data, **step.kept}.items()},
        cause_key=cause_key,
    )
    after = field_values(case)
    changed = [name for name, value in after.items() if value != step.before[name]]
    case.save(update_fields=changed)
    if case.handler_id and case.handler_id != step.before["handler_id"] and step.opened is None:
        Round.objects.filter(case=case, closed_at=None).update(handler=case.handler)
    if step.words:
        step.words.event = event
        step.words.save()
    write_timers(timers)
    announce(event)
    return event


def announce(event: CaseEvent) -> None:
    """Owe the notices of this event; who works them out is woken once the transaction is kept."""
    Announcement.objects.create(event=event)
    transaction.on_commit(wake, robust=True)
