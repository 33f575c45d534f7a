"""Announced events with the rows around them, read set-wise for a whole batch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects

from cases.choices import AFTER_RESULT, ClockKind, Urgency
from cases.models import CaseEvent, EventKind, Message, Round, SupportRequest, Timer
from cases.notices.situations import situation_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cases.models import Case

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
BREACH = 100  # per cent of a clock: its deadline
# Clocks whose deadline readers are told.
TOLD = (ClockKind.ACCEPTANCE, ClockKind.IMPROVEMENT_PLAN, ClockKind.CONFIRMATION_EXPIRY)


@dataclass(frozen=True)
class Happening:
    """One event of one case, and what of the case its readers are told."""

    event: CaseEvent
    round: Round | None = None
    message: Message | None = None
    due: dict[str, datetime] = field(default_factory=dict)  # clocks that ran right after it, by kind
    supports: dict[int, int] = field(default_factory=dict)  # the supporting team of each request, by its id

    @property
    def case(self) -> Case:
        return self.event.case

    @property
    def kind(self) -> str:
        return self.event.kind

    @property
    def situation(self) -> str:
        return situation_of(self.kind, self.event.data.get("clock") if self.is_escalation else None)

    @property
    def is_escalation(self) -> bool:
        return self.kind == EventKind.ESCALATE

    @property
    def team_id(self) -> int | None:
        """Who was in charge right after the event."""
        return self.event.team_id or self.case.team_id

    @property
    def handler_id(self) -> int | None:
        """Whom the event itself made the handler, else the present one."""
        if self.kind in (EventKind.REASSIGN, EventKind.DISPUTE):
            chosen: int | None = self.event.data.get("handler")
            return chosen
        return self.case.handler_id

    @property
    def asked_team_ids(self) -> list[int]:
        """The supporting teams the event is about."""
        data = self.event.data
        named = [self.supports.get(data.get("support") or 0), *(data.get("supporting") or [])]
        if self.is_escalation or self.kind == EventKind.ASK_SUPPORT:
            named.append(data.get("team"))
        return [pk for pk in named if pk]

    @property
    def is_urgent(self) -> bool:
        """Passes quiet hours, whoever is told and whatever the rule says."""
        return self.case.urgency == Urgency.URGENT

    @property
    def is_breach(self) -> bool:
        """A promise of ours is late: passes quiet hours to whoever can mend it, but not to the customer."""
        data = self.event.data
        is_late = self.is_escalation and data.get("percent", 0) >= BREACH
        return is_late and data.get("clock") not in AFTER_RESULT


def read_happenings(event_ids: Collection[int]) -> list[Happening]:
    """These events, in a fixed number of queries; imported ones owe nobody anything."""
    found = CaseEvent.objects.filter(pk__in=event_ids, imported=False).order_by("case_id", "seq")
    events = list(
        found.select_related(
            "actor", "case__customer", "case__contact", "case__topic", "case__team", "case__handler"
        )
    )
    prefetch_related_objects(events, "case__customer__contacts")
    cases = {event.case_id for event in events}
    rounds = {(row.case_id, row.number): row for row in Round.objects.filter(case__in=cases)}
    messages = {row.event_id: row for row in Message.objects.filter(event__in=[e.pk for e in events])}
    due, supports = _deadlines(events), _supports(cases)
    return [
        Happening(
            event,
            rounds.get((event.case_id, event.round_number)),
            messages.get(event.pk),
            due[event.pk],
            supports[event.case_id],
        )
        for event in events
    ]


def _deadlines(events: Collection[CaseEvent]) -> dict[int, dict[str, datetime]]:
    """By event: of the clocks that ran after it, also where they have stopped since."""
    cases = {event.case_id for event in events}
    clocks: dict[int, list[Timer]] = defaultdict(list)
    for clock in (
        Timer.objects.filter(case__in=cases, kind__in=TOLD).exclude(due_at=None).order_by("started_at")
    ):
        clocks[clock.case_id].append(clock)
    return {
        event.pk: {
            clock.kind: clock.due_at
            for clock in clocks[event.case_id]
            if clock.due_at and clock.started_at <= event.at < (clock.stopped_at or END_OF_TIME)
        }
        for event in events
    }


def _supports(cases: Iterable[int]) -> dict[int, dict[int, int]]:
    asked = SupportRequest.objects.filter(case__in=cases).values_list("case_id", "pk", "team_id")
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for case_id, pk, team_id in asked:
        found[case_id][pk] = team_id
    return found
