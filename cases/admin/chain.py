"""How a case went from round to round: who handled it, the customer's word, why the next took over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cases.admin.badges import Countdown, countdown
from cases.choices import ClockKind
from cases.models import EventKind
from cases.services.assignment import Because
from cases.services.outcomes import is_dissatisfied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.models import Case, CaseEvent, Round, Timer

NEXT_ROUND = (EventKind.DISPUTE, EventKind.REOPEN)
FIRST_WORDS = 60


@dataclass(frozen=True)
class Plan:
    """The improvement plan a round needs: until when, and whether it is there."""

    due_at: datetime | None
    submitted_at: datetime | None
    countdown: Countdown | None


@dataclass(frozen=True)
class Link:
    """One round in the chain; ``because`` says why this person took it over."""

    round: Round
    because: str
    word: str
    icon: str
    plan: Plan | None

    @property
    def result(self) -> str:
        text = " ".join(self.round.result.split())
        return text if len(text) <= FIRST_WORDS else f"{text[:FIRST_WORDS]}…"


def chain_of(
    case: Case, milestones: Sequence[CaseEvent], timers: Sequence[Timer], at: datetime
) -> list[Link]:
    """The rounds in their order; empty for a case that was handled once."""
    rounds = sorted(case.rounds.all(), key=lambda each: each.number)
    if len(rounds) < 2:
        return []
    begun = [event for event in milestones if event.kind in NEXT_ROUND]
    causes: dict[int, CaseEvent] = dict(enumerate(begun, start=rounds[0].number + 1))
    return [
        Link(each, _because(causes.get(each.number)), *_word_of(each), _plan_of(each, timers, at))
        for each in rounds
    ]


def _because(event: CaseEvent | None) -> str:
    if event is None:
        return ""
    if event.kind == EventKind.REOPEN:
        return _("The case was reopened")
    stored = event.data.get("because", "")
    return str(Because(stored).label) if stored in Because.values else _("The customer was not satisfied")


def _word_of(each: Round) -> tuple[str, str]:
    """What the customer said of it, with an icon."""
    if each.solved is None and each.score is None:
        return (_("no word yet") if each.closed_at is None else _("no word")), "pending"
    if is_dissatisfied(each.solved, each.score):
        return _("not satisfied"), "sentiment_dissatisfied"
    return _("satisfied"), "sentiment_satisfied"


def _plan_of(each: Round, timers: Sequence[Timer], at: datetime) -> Plan | None:
    if not (each.needs_plan or each.plan):
        return None
    wanted = (ClockKind.IMPROVEMENT_PLAN, each.number)
    clock = next((timer for timer in timers if (timer.kind, timer.round_number) == wanted), None)
    if clock is None or clock.due_at is None:
        return Plan(None, each.plan_submitted_at, None)
    left = countdown(clock.due_at, at) if clock.is_running else None
    return Plan(clock.due_at, each.plan_submitted_at, left)
