"""What a transition asks of the person who makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.functional import Promise


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
