"""How a demo case is told: its facts, and who did what one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cases.choices import CaseType, Channel, Urgency

CUSTOMER = ""  # nobody who logs in


@dataclass(frozen=True)
class Do:
    """One transition. Teams and people are named; ``MOMENTS`` are hours from now, ``happened_at`` minutes
    after the receipt of the case; ``support`` names the team, ``other`` the key of another story."""

    move: str
    who: str
    note: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """``hours_ago`` is when the request reached us, ``expected_in`` hours from now: below zero it is late."""

    key: str
    customer: str
    agent: str
    type: CaseType
    topic: str
    description: str
    hours_ago: float
    steps: tuple[Do, ...] = ()
    channel: Channel = Channel.PHONE
    urgency: Urgency = Urgency.NORMAL
    product: str = ""
    order_number: str = ""
    amount: str = ""
    expected_in: float | None = None
    remark: str = ""


def do(move: str, who: str, note: str = "", **answers: Any) -> Do:
    return Do(move, who, note, answers)


def taken(who: str, message: str, channel: Channel = Channel.PHONE, after: int = 6) -> tuple[Do, ...]:
    """Claimed, and the customer heard of us ``after`` minutes."""
    return (
        do("begin_analysis", who),
        do("contact_customer", who, channel=channel, message=message, happened_at=after),
    )


def sent(who: str, team: str, note: str, supporting: tuple[str, ...] = ()) -> tuple[Do, ...]:
    return (do("confirm_details", who), do("dispatch", who, note, team=team, supporting=supporting))


def accepted(who: str, hours: float) -> tuple[Do, ...]:
    return (do("accept", who, promised_at=hours),)


def progress(who: str, note: str, channel: Channel | None = None) -> tuple[Do, ...]:
    """A key point; with a channel the customer was told too."""
    told = {"send": True, "channel": channel} if channel else {}
    return (do("report_progress", who, note, **told),)


def delivered(who: str, result: str, proof: str = "") -> tuple[Do, ...]:
    return (do("deliver", who, result=result, proof=proof),)


def confirmed(score: int, comment: str = "") -> tuple[Do, ...]:
    return (do("confirm", CUSTOMER, score=score, comment=comment),)


def disputed(score: int, comment: str) -> tuple[Do, ...]:
    return (do("dispute", CUSTOMER, score=score, comment=comment),)
