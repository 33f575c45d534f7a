"""
The targets of the reliability paper (5.2) that are seconds: none is scaled, and all are judged under load.

Work goes on by workers and beat alone in these faults, so that a ticker does not hide that they stand still.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cases.clock import database_now
from cases.models import Heartbeat
from tests.faults.clients import DESK
from tests.faults.processes import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.faults.browser import Request
    from tests.faults.trial import Trial

# Seconds from the healing to the next tick and, where the database was away, to a page of the site.
GOES_ON_WITHIN = {"F1": 15.0, "F5": 20.0, "F6": 20.0, "F7": 10.0}
# Seconds by which a level may be noticed late.
LATE_AT_MOST = {"F1": 15.0, "F5": 20.0, "F6": 20.0}
PAGES_WITHIN = 1.0  # seconds of 95 pages in a hundred while there is no Redis
# So much slower than the others of the same trials they may be, where the machine has other things to do.
SLOWER_THAN_USUAL = 1.5


def share_of(seconds: Iterable[float], share: float) -> float:
    """The greatest of so large a share of these, the smallest first; 0 of none."""
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def blame_standstill(trial: Trial, fault: str) -> None:
    """To be asked at the moment of the healing, of a fault that has a limit."""
    within = GOES_ON_WITHIN[fault]
    if not came_in_time(_all_is_back(trial, fault), within):
        trial.blame(f"{fault} all goes on within {within:.0f} s of the healing", trial.number)


def came_in_time(holds: Callable[[], bool], within: float) -> bool:
    """Whether it held before so many seconds had passed; an answer that took longer came too late."""
    deadline = time.monotonic() + within
    return until(holds, within) and time.monotonic() <= deadline


def _all_is_back(trial: Trial, fault: str) -> Callable[[], bool]:
    browser = trial.world.browsers.of(trial.world.manager.username)
    ticked = ticks_again()
    return lambda: ticked() and (fault != "F7" or browser.visit(DESK).status == 200)


def ticks_again() -> Callable[[], bool]:
    """Whether somebody has ticked since this was asked for."""
    asked_at = database_now()
    return lambda: Heartbeat.objects.filter(name="tick", at__gt=asked_at).exists()


def too_late(fault: str, late: Iterable[float]) -> list[float]:
    """Seconds by which levels were late, where 99 in a hundred were not noticed in the time of this fault."""
    most = LATE_AT_MOST.get(fault)
    missed = most is not None and share_of(seconds := list(late), 0.99) > most
    return [round(second, 2) for second in sorted(seconds)[-5:]] if missed else []


@dataclass
class Pages:
    """Seconds that pages took while a fault lasted, and at other times of the same trials."""

    during: list[float] = field(default_factory=list)
    usual: list[float] = field(default_factory=list)

    def book(self, requests: Iterable[Request], since: float, struck: float, healed: float) -> None:
        """Those made since a moment, by when they were made; all by the monotonic clock."""
        for request in requests:
            if request.began >= since:
                (self.during if struck <= request.began < healed else self.usual).append(request.seconds)

    @property
    def too_slow(self) -> tuple[float, float] | None:
        """Their 95th in a hundred beside that of the others, where it misses the target."""
        during, usual = share_of(self.during, 0.95), share_of(self.usual, 0.95)
        missed = during > max(PAGES_WITHIN, SLOWER_THAN_USUAL * usual)
        return (round(during, 2), round(usual, 2)) if missed else None
