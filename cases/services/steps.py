"""One step of a case: the lock it begins with, the event it leaves, the rows it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Subquery
from django.utils import timezone

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
from cases.services.bulk_rows import MANY, insert_rows, reserve_ids, values_of, without_key
from cases.services.clocks import plan_sync, rows_to_sync, standards_seen, write_timers
from cases.services.locking import forget_unmatched
from cases.services.set_wise import among, update_rows
from cases.services.unannounced import warn_of_unannounced
from cases.waking import wake

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cases.models import Staff

# What a case has in common with many others; a case never gets another customer.
SHARED = ("team", "handler", "topic", "service_level")
FIELDS = tuple(field.attname for field in Case._meta.concrete_fields)
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

# In the data of an event: the digest of the answers it was made from.
SENT_AS = "sent_as"


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
    cause_key: str | None = None
    source: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    round_changes: set[str] = field(default_factory=set)
    beside: list[Step] = field(default_factory=list)  # of other locked cases, written with this one

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
        """Change fields of the present round; they are written with the step."""
        current = self.case.current_round
        for name, value in values.items():
            setattr(current, name, value)
        self.round_changes |= values.keys()

    def close_round(self, **values: object) -> None:
        """End the present round; support nobody will need any more is waived."""
        self.change_round(closed_at=self.at, **values)
        self.waive_support()

    def open_round(self, *, needs_plan: bool) -> None:
        """Begin the round the case has just been counted up to; the one before must have ended."""
        case = self.case
        opened = Round(
            case=case,
            number=case.round_number,
            opened_at=self.at,
            handler=case.handler,
            needs_plan=needs_plan,
        )
        if self.round_changes:
            # Both in one statement, the ended one first: one round at most is open.
            Round.objects.bulk_create(
                [without_key(case.current_round), opened],
                update_conflicts=True,
                unique_fields=["case", "number"],
                update_fields=sorted(self.round_changes),
            )
            self.round_changes.clear()
        else:
            opened.save()
        self.opened = case.current_round = opened

    def waive_support(self) -> None:
        """Only a case in handling has supporting teams at work."""
        if self.source != State.HANDLING:
            return
        SupportRequest.objects.unfinished().filter(case=self.case).update(waived_at=self.at)


def field_values(case: Case) -> dict[str, Any]:
    """What the row, read in full, holds by attribute name."""
    held = vars(case)
    return {name: held[name] for name in FIELDS}


def lock_case(case_id: int, *, with_others: Collection[int] = (), seen_by: Staff | None = None) -> Case:
    """
    Lock the case, and others a step also writes to, in the order of their ids.

    The first statement of every write, so that locks are never taken in two orders; before it come only the
    rights and teams of ``seen_by``, where nobody has asked for them yet. Raises CaseNotFound, also where this
    person may not see the case; each of the others says it (``is_seen``).
    """
    found: Case = lock_cases({case_id, *with_others}, seen_by=seen_by)[case_id]
    if not found.is_seen:
        raise CaseNotFound
    return found


def lock_cases(wanted: Collection[int], *, seen_by: Staff | None = None) -> dict[int, Any]:
    """
    Each by its id, and ``is_seen`` says of each whether the person may see it; CaseNotFound only where there
    is none. Of many, those of one team share its instance, and so with others.
    """
    rows: Any = Case.objects.filter(among("pk", wanted)).locked()
    rows = rows.with_sight_of(seen_by) if seen_by is not None else rows
    found = with_standards(rows).select_related("customer")
    found = found.prefetch_related(*SHARED) if len(wanted) >= MANY else found.select_related(*SHARED)
    cases = {case.pk: case for case in found}
    if set(wanted) - cases.keys():
        raise CaseNotFound
    for case in cases.values():
        forget_unmatched(case, SHARED)
        case.locked_beside = cases
        case.locked_for = seen_by
        case.is_seen = seen_by is None or _sees(seen_by, case)
        case.locked_at = max(case.database_time, case.state_since)
        case.standards = standards_seen(case.standards_number, case.standards_key)
    return cases


def _sees(staff: Staff, case: Any) -> bool:
    """A refusal is asked for again, by a statement that sees what was written during the wait."""
    return case.in_sight or Case.objects.visible_to(staff).filter(pk=case.pk).exists()


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


def refuse_other_answers(case: Case, known: CaseEvent, digest: str) -> None:
    """Raise StalePage where the cause of this event came again with other answers, which nobody has kept."""
    if not is_sent_again(known, digest):
        raise StalePage(case, list(case.events.filter(seq__gte=known.seq).select_related("actor")))


def is_sent_again(event: CaseEvent, digest: str) -> bool:
    """Whether the cause of this event came again as it was, as far as that was kept."""
    return bool(event.data.get(SENT_AS, digest) == digest)


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


def finish_step(step: Step) -> CaseEvent:
    """
    Write the event, then the case, the words and the clocks. The database refuses a state without its event.

    Exactly one event, one version up, one update of each case; the notices the event may cause are owed from
    the same moment on. Returns the event of the step itself.
    """
    return finish_steps([step])[-1]


def finish_steps(given: Sequence[Step]) -> list[CaseEvent]:
    """
    As ``finish_step``, for steps of so many different cases, those beside them included; as many statements
    as for one.

    The events are in the order of the steps, each after those of the steps beside it.
    """
    steps = [one for step in given for one in (*step.beside, step)]
    for step in steps:
        step.case.version += 1
        if step.case.state != step.source:
            step.case.state_since = step.at
    write_rounds(steps)
    timers = _timers_to_write([step for step in steps if step.kind not in WITHOUT_CLOCKS])
    events = _write_events([_event_of(step) for step in steps])
    _write_cases(steps)
    _give_rounds_to_handlers(steps)
    _write_words(steps, events)
    write_timers(timers)
    announce(events)
    return events


def write_rounds(steps: Sequence[Step]) -> None:
    """What ``change_round`` changed."""
    changed = [step for step in steps if step.round_changes]
    names = {name for step in changed for name in step.round_changes}
    update_rows(Round, [step.case.current_round for step in changed], sorted(names))
    for step in changed:
        step.round_changes.clear()


def _timers_to_write(steps: Sequence[Step]) -> list[Timer]:
    """Stopped ones first, so that no two of a kind run at once."""
    rows = rows_to_sync([step.case for step in steps])
    changed: list[Timer] = []
    for step in steps:
        case = step.case
        planned = plan_sync(case, rows[case.pk], cause=step.kind, at=step.at, asked=step.asked)
        warn_of_unannounced(case.standards, planned)
        changed += planned
    return sorted(changed, key=lambda row: row.stopped_at is None)


def _write_events(events: list[CaseEvent]) -> list[CaseEvent]:
    if len(events) < MANY:
        return CaseEvent.objects.bulk_create(events)
    now = timezone.now()
    for event, pk in zip(events, reserve_ids(CaseEvent, len(events)), strict=True):
        event.pk, event.recorded_at = pk, now
    insert_rows(CaseEvent, ({"id": event.pk, **values_of(event)} for event in events), with_ids=True)
    return events


def _event_of(step: Step) -> CaseEvent:
    case = step.case
    return CaseEvent(
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
        cause_key=step.cause_key,
    )


def _write_cases(steps: Sequence[Step]) -> None:
    changed = {
        name
        for step in steps
        for name, value in field_values(step.case).items()
        if value != step.before[name]
    }
    update_rows(Case, [step.case for step in steps], sorted(changed))


def _give_rounds_to_handlers(steps: Sequence[Step]) -> None:
    for step in steps:
        case = step.case
        if case.handler_id and case.handler_id != step.before["handler_id"] and step.opened is None:
            Round.objects.filter(case=case, closed_at=None).update(handler=case.handler)


def _write_words(steps: Sequence[Step], events: Sequence[CaseEvent]) -> None:
    said = [(step.words, event) for step, event in zip(steps, events, strict=True) if step.words]
    for words, event in said:
        words.event = event
    if said:
        Message.objects.bulk_create(words for words, _event in said)


def announce(events: Sequence[CaseEvent]) -> None:
    """Owe the notices of these events; who works them out is woken once the transaction is kept."""
    if len(events) < MANY:
        Announcement.objects.bulk_create(Announcement(event=event, created_at=event.at) for event in events)
    else:
        insert_rows(Announcement, ({"event_id": event.pk, "created_at": event.at} for event in events))
    transaction.on_commit(wake, robust=True)
