"""
One timeline of a case: what happened, what was said, which files came, newest first.

Every message and every file belongs to an event, so the order of the events is the order of everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.admin.badges import span_in_words
from cases.admin.case_notices import notices_by_event
from cases.admin.clocks import level_in_words
from cases.admin.names import resolve_names
from cases.choices import CaseType, Channel, Direction, LadderAction, Region, Source, Urgency, WaitingFor
from cases.lifecycle import MOVES
from cases.models import Attachment, Case, CaseEvent, EventKind, Message
from cases.services.steps import SENT_AS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cases.admin.case_notices import Telling
    from cases.admin.names import Reference

PAGE_LENGTH = 30
WORTH_SAYING = timedelta(minutes=1)  # later than that is late
LINKING = (EventKind.ATTACH_FILE, EventKind.LINK_DUPLICATE)
CHOICES: dict[str, Any] = {
    "urgency": Urgency,
    "channel": Channel,
    "type": CaseType,
    "region": Region,
    "waiting_for": WaitingFor,
    "waited_for": WaitingFor,
    "source": Source,
    "action": LadderAction,
}
REFERENCES = {
    "team": "team",
    "from_team": "team",
    "supporting": "team",
    "handler": "staff",
    "topic": "topic",
    "other": "case",
    "case": "case",
}
MOMENTS = frozenset({"promised_at", "due_at", "expected_at"})
# What "was" holds depends on the event: who handled it, or how urgent it was.
WAS: dict[str, str] = {
    EventKind.REASSIGN: "handler",
    EventKind.DISPUTE: "handler",
    EventKind.SET_URGENCY: "urgency",
}
LABELS: dict[str, Any] = {
    "from_team": gettext_lazy("From team"),
    "waited_for": gettext_lazy("Waited for"),
    "was": gettext_lazy("Before"),
    "handler": gettext_lazy("Handler"),
    "case": gettext_lazy("The duplicate"),
    "type": gettext_lazy("Type"),
    "topic": gettext_lazy("Topic"),
    "urgency": gettext_lazy("Urgency"),
    "channel": gettext_lazy("Channel"),
    "source": gettext_lazy("Source"),
    "written": gettext_lazy("As written"),
    "team": gettext_lazy("Team"),
    "due_at": gettext_lazy("Deadline"),
    "action": gettext_lazy("What was to be done"),
    "reason": gettext_lazy("Why it could not"),
}
# Said by the event, by its message or by its file already.
LEFT_OUT = frozenset(
    {"message", "send", "happened_at", "joint", "name", "size", "sha256", "because", SENT_AS}
)
LEFT_OUT_OF_LEVELS = LEFT_OUT | {"clock", "percent", "cycle"}  # said by the title
LEFT_OUT_BESIDE_WORDS = LEFT_OUT | {"channel"}
BY_CUSTOMER = frozenset(
    {EventKind.CONFIRM, EventKind.DISPUTE, EventKind.CHANGE_WORD, EventKind.RECEIVE_MESSAGE}
)


@dataclass(frozen=True)
class Fact:
    label: str
    words: str


@dataclass(frozen=True)
class Entry:
    """One event as the page shows it; ``moved`` when it changed the state."""

    event: CaseEvent
    actor: str
    facts: tuple[Fact, ...]
    message: Message | None
    attachment: Attachment | None
    notices: tuple[Telling, ...] = ()

    @property
    def title(self) -> str:
        """What happened, in a few words; of a clock, what it reached."""
        data = self.event.data
        if self.event.kind == EventKind.ESCALATE and "clock" in data:
            return level_in_words(data["clock"], data["percent"])
        return self.event.get_kind_display()

    @property
    def lateness(self) -> str:
        """How much later than planned a level was noticed, where that is worth saying."""
        ledger = getattr(self.event, "escalation", None)
        late = ledger is not None and ledger.lateness > WORTH_SAYING
        return _("noticed %(span)s late") % {"span": span_in_words(ledger.lateness)} if late else ""

    @property
    def moved(self) -> bool:
        return bool(self.event.from_state) and self.event.from_state != self.event.to_state

    @property
    def is_internal(self) -> bool:
        return self.message is not None and self.message.direction == Direction.INTERNAL

    @property
    def note(self) -> str:
        """The note, unless the message says the same words."""
        said = self.message.body if self.message else ""
        return "" if self.event.note == said else self.event.note

    @property
    def happened_at(self) -> datetime | None:
        """When the words were said, where that was not when they were written down."""
        return self.message.at if self.message and self.message.at != self.event.at else None


@dataclass(frozen=True)
class Timeline:
    """One page; ``milestones`` are, of the whole history, the events that ``is_milestone`` picks."""

    entries: list[Entry]
    older: int | None
    is_newest: bool
    milestones: list[CaseEvent]


def build_timeline(case: Case, *, before: int | None = None) -> Timeline:
    """One page of the timeline, in three queries: events below ``before``, names in them, who was told."""
    page = page_of(case, before)
    found = read_events(case, page)
    events = [event for event in reversed(found) if event.seq in page]
    names = resolve_names(references_of(events))
    words = Words(names, _parts_in(case))
    told = notices_by_event([event.pk for event in events])
    return Timeline(
        entries=[entry_of(case, event, words, told.get(event.pk, ())) for event in events],
        older=page.start if page.start > 1 else None,
        is_newest=before is None,
        milestones=[event for event in found if is_milestone(event)],
    )


def _parts_in(case: Case) -> dict[int, str]:
    return {support.pk: str(support.team) for support in case.support_requests.all()}


def page_of(case: Case, before: int | None) -> range:
    """Which events are on the page: their sequence has no gap and ends with the version of the case."""
    end = min(before or case.version + 1, case.version + 1)
    return range(max(end - PAGE_LENGTH, 1), end)


def read_events(case: Case, page: range) -> list[CaseEvent]:
    """Those of the page and the milestones of the whole history, the oldest first; one query."""
    on_page = Q(seq__gte=page.start, seq__lt=page.stop)
    moved = ~Q(from_state=F("to_state"))
    rows = case.events.filter(on_page | moved | Q(kind__in=LINKING))
    parts = ("actor", "team", "message", "attachment__uploaded_by", "escalation")
    return list(rows.select_related(*parts).order_by("seq"))


def is_milestone(event: CaseEvent) -> bool:
    """Changed the state, brought a file or linked a case: a fraction of a long history."""
    return event.from_state != event.to_state or event.kind in LINKING


def entry_of(case: Case, event: CaseEvent, words: Words, told: Iterable[Telling] = ()) -> Entry:
    return Entry(
        event=event,
        actor=actor_of(case, event),
        facts=tuple(words.facts_of(event)),
        message=getattr(event, "message", None),
        attachment=getattr(event, "attachment", None),
        notices=tuple(told),
    )


def actor_of(case: Case, event: CaseEvent) -> str:
    """Who did it; an imported event names the handler as the record sheet wrote them."""
    if event.actor:
        return str(event.actor)
    if event.kind in BY_CUSTOMER:
        return _("Customer")
    if event.imported:
        return (event.kind != EventKind.REGISTER and case.handler_label) or _("Record sheet")
    return _("System")


def references_of(events: Iterable[CaseEvent]) -> Iterator[Reference]:
    """Every row the data of these events mentions."""
    for event in events:
        yield from _mentioned(event.kind, event.data)


def _mentioned(kind: str, data: dict[str, Any]) -> Iterator[Reference]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _mentioned(kind, value)
        referred = REFERENCES.get(_meaning(kind, key))
        if referred:
            yield from ((referred, pk) for pk in as_list(value) if isinstance(pk, int))


def _meaning(kind: str, key: str) -> str:
    """What the value under this key is; "was" alone is the earlier value of what such an event changes."""
    return WAS.get(kind, key) if key == "was" else key


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def left_out_of(event: CaseEvent) -> frozenset[str]:
    if event.kind == EventKind.ESCALATE:
        return LEFT_OUT_OF_LEVELS
    return LEFT_OUT_BESIDE_WORDS if hasattr(event, "message") else LEFT_OUT


@dataclass(frozen=True)
class Words:
    """Turns the plain values of events into words of the active language and the local time zone."""

    names: dict[Reference, str]
    supporting: dict[int, str]

    def facts_of(self, event: CaseEvent) -> Iterator[Fact]:
        was = event.data.get("was")
        before = was if isinstance(was, dict) else {}
        left_out = left_out_of(event)
        for key, value in event.data.items():
            if key in left_out or isinstance(value, dict):
                continue
            after = self.say(_meaning(event.kind, key), value)
            if key in before:
                after = self._change(key, before[key], after)
            if after:
                yield Fact(str(label_of(event.kind, key)), after)

    def _change(self, key: str, before: Any, after: str) -> str:
        return _("%(before)s → %(after)s") % {
            "before": self.say(key, before) or _("empty"),
            "after": after or _("empty"),
        }

    def say(self, key: str, value: Any) -> str:
        """The value in words; '' for an empty one."""
        if value is None or value in ("", []):
            return ""
        if key in REFERENCES:
            kind = REFERENCES[key]
            return ", ".join(self.names.get((kind, pk), str(pk)) for pk in as_list(value))
        if key == "support":
            return self.supporting.get(value, str(value))
        if key in CHOICES:
            return str(dict(CHOICES[key].choices).get(value, value))
        return say_plainly(key, value)


def say_plainly(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if key in MOMENTS:
        return formats.date_format(timezone.localtime(datetime.fromisoformat(value)), "DATETIME_FORMAT")
    return str(value)


def label_of(kind: str, key: str) -> Any:
    """The label under which the dialog asked for it, else our own, else the name of the column."""
    row = MOVES.get(kind)
    asked = {item.name: item.label for item in row.inputs} if row else {}
    return asked.get(key) or LABELS.get(key) or key
