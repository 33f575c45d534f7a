"""Answers to the dialogs of the transitions, as Hypothesis draws them: fit ones, and any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st

from cases.asking import Ask, Input
from cases.models import Case, Staff, SupportRequest, Topic
from cases.services.answers import CHOICES
from tests.scenes import Scene

WORDS = st.sampled_from(["已致电客户", "wait", "投诉：物流延迟", "a" * 300, "'; DROP TABLE"])
BLANK = st.sampled_from(["", " ", "　\n"])
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "12.50", "-1", "1e12", "NaN", "Infinity")])
Answers = st.SearchStrategy[Any]


@dataclass(frozen=True)
class Answering:
    scene: Scene
    people: list[Staff]
    topics: list[Topic]

    def fit(self, case: Case, item: Input) -> Answers:
        """What a dialog would let through; the case may still refuse it."""
        known: dict[Ask, Callable[[], Answers]] = {
            Ask.TEXT: lambda: st.just("已核实"),
            Ask.LINE: lambda: st.just("运单SF123"),
            Ask.MOMENT: lambda: st.just(timezone.now() + timedelta(hours=5) if item.required else None),
            Ask.SCORE: lambda: st.integers(1, 5),
            Ask.ROUND: lambda: st.integers(1, case.round_number),
            Ask.YES_NO: st.booleans,
            Ask.AMOUNT: lambda: st.just(Decimal("12.50")),
            Ask.TOPIC: lambda: st.sampled_from([None, case.topic]),
            Ask.STAFF: lambda: st.sampled_from(self.people[:6]),
            Ask.TEAM: lambda: st.sampled_from([self.scene.front, self.scene.back, self.scene.support]),
            Ask.TEAMS: lambda: st.sampled_from([[], [], [self.scene.support], [self.scene.back]]),
            Ask.SUPPORT: lambda: st.sampled_from(list(case.support_requests.unfinished()) or [None]),
            Ask.CASE: lambda: st.sampled_from(list(Case.objects.all())),
        }
        make = known.get(item.ask)
        return make() if make else st.sampled_from(CHOICES[item.ask])

    def any(self, case: Case, item: Input) -> Answers:
        """Also what only a forged form could send."""
        if item.ask in CHOICES:
            return st.sampled_from([*CHOICES[item.ask], "none of these", ""])
        known: dict[Ask, Callable[[], Answers]] = {
            Ask.TEXT: lambda: WORDS | BLANK,
            Ask.LINE: lambda: WORDS | BLANK,
            Ask.MOMENT: lambda: st.sampled_from([timezone.now() + timedelta(days=n) for n in (-30, 0, 1)]),
            Ask.SCORE: lambda: st.none() | st.integers(-1, 7),
            Ask.ROUND: lambda: st.integers(-1, 9),
            Ask.AMOUNT: lambda: AMOUNTS,
            Ask.TOPIC: lambda: st.sampled_from([None, *self.topics]),
            Ask.STAFF: lambda: st.sampled_from(self.people),
            Ask.SUPPORT: lambda: st.sampled_from(list(SupportRequest.objects.all()) or [None]),
        }
        make = known.get(item.ask)
        return make() if make else self.fit(case, item)
