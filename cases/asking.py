"""What a row of the lifecycle table says: who may make the transition, when, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from cases.conditions import is_handler

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from cases.choices import Role, State
    from cases.conditions import Condition, Relation


class Ask(Enum):
    """What kind of answer a dialog asks for, and so which type the service receives."""

    TEXT = "text"  # str
    LINE = "line"  # str, one line
    MOMENT = "moment"  # aware datetime
    URGENCY = "urgency"  # a value of Urgency
    CHANNEL = "channel"  # a value of Channel
    WAITING_FOR = "waiting_for"  # a value of WaitingFor
    STAFF = "staff"  # Staff
    TEAM = "team"  # Team
    TEAMS = "teams"  # list of Team
    SUPPORT = "support"  # SupportRequest, unfinished
    CASE = "case"  # Case, another one
    SCORE = "score"  # int, 1-5
    ROUND = "round"  # int, the number of a round of this case
    YES_NO = "yes_no"  # bool
    TYPE = "type"  # a value of CaseType
    TOPIC = "topic"  # Topic
    REGION = "region"  # a value of Region
    AMOUNT = "amount"  # Decimal, CNY


@dataclass(frozen=True)
class Input:
    name: str
    ask: Ask
    label: str | Promise
    required: bool = True
    help: str | Promise = ""


@dataclass(frozen=True)
class Move:
    """
    One row of the table.

    ``target`` None keeps the state. ``without_actor`` rows may also be made by the system or by the
    customer, who have no login. ``relation`` ties the person to the case, ``conditions`` are facts of
    the case alone. ``likely`` puts the usual next step first on the case page. From
    ``sources_without_actor`` only the system or the customer may make it.
    """

    label: str | Promise
    sources: tuple[State, ...]
    target: State | None
    roles: tuple[Role, ...]
    relation: Relation = is_handler
    conditions: tuple[Condition, ...] = ()
    inputs: tuple[Input, ...] = ()
    note_required: bool = False
    without_actor: bool = False
    likely: bool = False
    sources_without_actor: tuple[State, ...] = ()

    @property
    def every_source(self) -> tuple[State, ...]:
        return (*self.sources, *self.sources_without_actor)

    def targets(self, source: State) -> State:
        return self.target or source
