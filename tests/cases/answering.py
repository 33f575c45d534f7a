"""Answers to the dialogs of the transitions, as dice give them: fit ones, and any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from cases.asking import Ask, Input
from cases.models import Case, Staff, SupportRequest, Topic
from cases.services.answers import CHOICES
from tests.scenes import Scene

WORDS = ["已致电客户", "wait", "投诉：物流延迟", "a" * 300, "'; DROP TABLE"]
BLANK = ["", " ", "　\n"]
AMOUNTS = [Decimal(text) for text in ("0", "12.50", "-1", "1e12", "NaN", "Infinity")]
Possible = dict[Ask, Callable[[], list[Any]]]


@dataclass(frozen=True)
class Answering:
    scene: Scene
    people: list[Staff]
    topics: list[Topic]

    def fit(self, case: Case, item: Input, dice: Random) -> Any:
        """What a dialog would let through; the case may still refuse it."""
        known: Possible = {
            Ask.TEXT: lambda: ["已核实"],
            Ask.LINE: lambda: ["运单SF123"],
            Ask.MOMENT: lambda: [timezone.now() + timedelta(hours=5) if item.required else None],
            Ask.SCORE: lambda: [1, 2, 3, 4, 5],
            Ask.ROUND: lambda: list(range(1, case.round_number + 1)),
            Ask.YES_NO: lambda: [False, True],
            Ask.AMOUNT: lambda: [Decimal("12.50")],
            Ask.TOPIC: lambda: [None, case.topic],
            Ask.STAFF: lambda: self.people[:6],
            Ask.TEAM: lambda: [self.scene.front, self.scene.back, self.scene.support],
            Ask.TEAMS: lambda: [[], [], [self.scene.support], [self.scene.back]],
            Ask.SUPPORT: lambda: list(case.support_requests.unfinished()) or [None],
            Ask.CASE: lambda: list(Case.objects.all()),
        }
        make = known.get(item.ask)
        return dice.choice(make() if make else CHOICES[item.ask])

    def any(self, case: Case, item: Input, dice: Random) -> Any:
        """Also what only a forged form could send."""
        if item.ask in CHOICES:
            return dice.choice([*CHOICES[item.ask], "none of these", ""])
        known: Possible = {
            Ask.TEXT: lambda: WORDS + BLANK,
            Ask.LINE: lambda: WORDS + BLANK,
            Ask.MOMENT: lambda: [timezone.now() + timedelta(days=days) for days in (-30, 0, 1)],
            Ask.SCORE: lambda: [None, *range(-1, 8)],
            Ask.ROUND: lambda: list(range(-1, 10)),
            Ask.AMOUNT: lambda: AMOUNTS,
            Ask.TOPIC: lambda: [None, *self.topics],
            Ask.STAFF: lambda: self.people,
            Ask.SUPPORT: lambda: list(SupportRequest.objects.all()) or [None],
        }
        make = known.get(item.ask)
        return dice.choice(make()) if make else self.fit(case, item, dice)
