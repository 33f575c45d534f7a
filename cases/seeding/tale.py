"""One made-up case in the making: time goes on, facts are added, and nothing happens in the future. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

from cases.choices import Direction
from cases.models import EventKind
from cases.seeding.rows import CaseRow, EventRow, MessageRow, RoundRow, SupportRow
from cases.seeding.world import EVENT_IDS, ROUND_IDS, World

MINUTE, HOUR = 60, 3600
# Now and then everything about a case takes this many times as long: the backlog every desk has.
STUCK_SHARE, STUCK_PACE = 0.03, 60
as_json = json.JSONEncoder(ensure_ascii=False).encode


class NotYet(Exception):
    """The next step lies after the present moment: the case stands where it stands."""


def moment(seconds: int) -> str:
    """Seconds since the epoch as text in UTC, without a zone."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")[: len("YYYY-MM-DD HH:MM:SS")]


class Tale:
    """
    The rows of one case while its story is told.

    Every step first lets time pass with ``later``, then changes the case, then adds the ``fact``: so the
    events form a chain and the case always stands where its last event led.
    """

    def __init__(self, world: World, chance: Random, case: CaseRow, index: int, received: int) -> None:
        self.world, self.chance, self.case = world, chance, case
        self.clock, self.at = received, case.received_at
        self.pace = STUCK_PACE if chance.random() < STUCK_SHARE else 1
        self.first_event_id = world.first_event_id + index * EVENT_IDS
        self.first_round_id = world.first_round_id + index * ROUND_IDS
        self.rounds = [RoundRow(self.first_round_id, case.id, 1, self.at)]
        self.events: list[EventRow] = []
        self.messages: list[MessageRow] = []
        self.support: list[SupportRow] = []
        self.stood = ""

    @property
    def round(self) -> RoundRow:
        return self.rounds[-1]

    def later(self, seconds: float) -> None:
        """Let time pass; raises NotYet when that would be after the present."""
        clock = self.clock + max(int(seconds), 1)
        if clock > self.world.now:
            raise NotYet
        self.clock, self.at = clock, moment(clock)

    def about(self, median: float, spread: float = 0.9) -> float:
        """A long-tailed number of seconds: half the time below ``median``, now and then many times it."""
        return self.pace * median * self.chance.lognormvariate(0, spread)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def fact(self, kind: EventKind, actor: int | None = None, note: str = "", **data: Any) -> None:
        """The event of a step that has just changed the case."""
        case = self.case
        case.version += 1
        if case.state != self.stood:
            case.state_since = self.at
        self.events.append(
            EventRow(
                self.first_event_id + case.version - 1,
                case.id,
                case.version,
                kind.value,
                self.at,
                self.at,
                self.stood,
                case.state,
                actor,
                case.team_id,
                case.round_number,
                case.waiting_for,
                note,
                as_json(data) if data else "{}",
            )
        )
        self.stood = case.state

    def say(self, direction: Direction, channel: str, body: str, author: int | None) -> None:
        """Words that belong to the event added last."""
        self.messages.append(
            MessageRow(self.case.id, self.events[-1].id, direction.value, channel, body, self.at, author)
        )

    def give_to(self, handler: int | None) -> None:
        self.case.handler_id = handler
        self.round.handler_id = handler or self.round.handler_id

    def open_round(self, handler: int) -> None:
        self.case.round_number += 1
        self.rounds.append(
            RoundRow(
                self.first_round_id + 1,
                self.case.id,
                self.case.round_number,
                self.at,
                handler,
                needs_plan=True,
            )
        )
