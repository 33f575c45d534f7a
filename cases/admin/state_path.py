"""The path of a case through its five states: where it is, where it was, how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cases.admin.badges import ICONS, span_in_words
from cases.choices import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.models import Case, CaseEvent


@dataclass(frozen=True)
class PathStep:
    """``standing`` is past, present or ahead; ``visits`` counts how often the case came into the state."""

    state: State
    icon: str
    standing: str
    spent: str
    visits: int


def state_path(case: Case, changes: Sequence[CaseEvent], at: datetime) -> list[PathStep]:
    """
    The five steps in order. ``changes`` are the events that changed the state, oldest first; the time in a
    state is summed over all visits and rounds up to ``at`` (aware). An archived case rests: no time counts.
    """
    spent = dict.fromkeys(State, timedelta())
    visits = dict.fromkeys(State, 0)
    for change, following in zip(changes, [*changes[1:], None], strict=True):
        state = State(change.to_state)
        visits[state] += 1
        spent[state] += (following.at if following else at) - change.at
    return [
        PathStep(state, ICONS[state], _standing(case, state, visits), _words(state, spent), visits[state])
        for state in State
    ]


def _standing(case: Case, state: State, visits: dict[State, int]) -> str:
    if state == case.state:
        return "present"
    return "past" if visits[state] else "ahead"


def _words(state: State, spent: dict[State, timedelta]) -> str:
    return span_in_words(spent[state]) if spent[state] and state != State.ARCHIVE else ""
