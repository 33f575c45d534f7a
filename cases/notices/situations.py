"""The situations that have words: what happens to cases, the clocks, and what no event causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.choices import ClockKind, Situation
from cases.models import EventKind
from cases.models.notice import name_of_situation

if TYPE_CHECKING:
    from collections.abc import Iterator


def situation_choices() -> list[tuple[str, str]]:
    """Every situation with its name in the active language."""
    clocks = [situation_of(EventKind.ESCALATE, clock.value) for clock in ClockKind]
    return [(name, label_of(name)) for name in (*EventKind.values, *clocks, *Situation.values)]


def label_of(situation: str) -> str:
    return name_of_situation(situation)


def situation_of(kind: str, clock: str | None = None) -> str:
    """Of an event of this kind; levels of clocks are told apart by clock."""
    return f"{kind}.{clock}" if clock else kind


REMINDER = situation_of(EventKind.ESCALATE, ClockKind.CONFIRMATION_REMINDER)


def more_and_more_general(situation: str) -> Iterator[str]:
    """Where words are looked for: the situation itself, its kind, and what fits everything."""
    yield situation
    kind, dot, _clock = situation.partition(".")
    if dot:
        yield kind
    yield Situation.ANYTHING.value
