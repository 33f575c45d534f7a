"""The clocks of a case on its page: those that run, those that stand still, and what became of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.translation import gettext as _

from cases.admin.badges import Countdown, countdown, span_in_words
from cases.choices import ClockEnd, ClockKind
from cases.expected_clocks import awaits_promise
from cases.standards import BREACH
from cases.timers import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from cases.models import Case, Timer

MOST = 60  # those that run come first, then those that ended last
END_MARKS = {
    ClockEnd.MET: ("on_time", "check_circle"),
    ClockEnd.MISSED: ("late", "warning"),
    ClockEnd.VOID: ("plain", "do_not_disturb_on"),
}


@dataclass(frozen=True)
class Running:
    """A clock that runs: when it is due, how far away that is, and the highest level it has reached."""

    label: str
    due_at: datetime
    countdown: Countdown
    reached: str


@dataclass(frozen=True)
class Paused:
    """A clock that stands still: for whom, since when, and what is left of it."""

    label: str
    waits_for: str
    since: datetime
    left: str


@dataclass(frozen=True)
class Ended:
    label: str
    round_number: int
    level: str
    icon: str
    words: str
    at: datetime


@dataclass(frozen=True)
class Clocks:
    """What the page shows; ``expected_at`` is the customer's wish, counted down before promise and result."""

    running: list[Running]
    paused: list[Paused]
    ended: list[Ended]
    more: bool
    promised_at: datetime | None
    expected_at: datetime | None
    wish: Countdown | None

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.paused or self.ended or self.promised_at or self.expected_at)


def read_timers(case: Case) -> list[Timer]:
    """What runs and then what ended last, in one query."""
    rows = case.timers.select_related("support__team")
    return list(rows.order_by(F("stopped_at").desc(nulls_first=True), "due_at", "pk")[: MOST + 1])


def clocks_of(case: Case, timers: Sequence[Timer], at: datetime) -> Clocks:
    present = [timer for timer in timers if timer.stopped_at is None]
    return Clocks(
        running=[_running(timer, at) for timer in _by_deadline(present)],
        paused=[_paused(timer) for timer in present if timer.paused_at],
        ended=[_ended(timer) for timer in timers[:MOST] if timer.stopped_at],
        more=len(timers) > MOST,
        promised_at=case.promised_at,
        expected_at=case.expected_at,
        wish=_wish_of(case, at),
    )


def _by_deadline(present: Iterable[Timer]) -> list[Timer]:
    shown = (timer for timer in present if timer.due_at and not _has_reminded(timer))
    return sorted(shown, key=lambda timer: timer.due_at)


def _has_reminded(timer: Timer) -> bool:
    """The reminder has done what it is for: nobody is late by it."""
    return timer.kind == ClockKind.CONFIRMATION_REMINDER and timer.passed >= BREACH


def _wish_of(case: Case, at: datetime) -> Countdown | None:
    return countdown(case.expected_at, at) if case.expected_at and awaits_promise(case) else None


def label_of(timer: Timer) -> str:
    """The kind of the clock and, where another team is asked, that team."""
    kind = timer.get_kind_display()
    return f"{kind} · {timer.support.team}" if timer.support else kind


def _running(timer: Timer, at: datetime) -> Running:
    reached = _("%(percent)d %% reached") % {"percent": timer.passed} if timer.passed else ""
    return Running(label_of(timer), timer.due_at, countdown(timer.due_at, at), reached)


def _paused(timer: Timer) -> Paused:
    left = timer.budget - timer.used
    words = (
        _("%(span)s left") % {"span": span_in_words(left)}
        if left > NOTHING
        else _("%(span)s over its time") % {"span": span_in_words(left)}
    )
    return Paused(label_of(timer), timer.get_paused_for_display(), timer.paused_at, words)


def _ended(timer: Timer) -> Ended:
    level, icon = END_MARKS[ClockEnd(timer.end)]
    return Ended(label_of(timer), timer.round_number, level, icon, timer.get_end_display(), timer.stopped_at)


def level_in_words(kind: str, percent: int) -> str:
    """What it means that a clock reached this level: “First response reached 80 %: reminder”."""
    words = {"clock": ClockKind(kind).label, "percent": percent, "meaning": _meaning(kind, percent)}
    return _("%(clock)s reached %(percent)d %%: %(meaning)s") % words


def _meaning(kind: str, percent: int) -> str:
    if percent < BREACH:
        return _("reminder")
    at_the_end = {
        ClockKind.CONFIRMATION_REMINDER: _("the customer is asked again"),
        ClockKind.CONFIRMATION_EXPIRY: _("the time for an answer is over"),
        ClockKind.RETENTION: _("kept for as long as it must be"),
    }
    if kind in at_the_end:
        return at_the_end[ClockKind(kind)]
    return _("the deadline has passed") if percent == BREACH else _("still not kept")
