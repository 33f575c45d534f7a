"""One trial as its fault sees it: what may be touched, and what is written down about it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.faults.ground import SENDS_AT_ONCE

if TYPE_CHECKING:
    from tests.faults.ground import Ground
    from tests.faults.journal import Journal
    from tests.faults.world import World

BREAK = 2.0  # seconds something stays broken; of 60 s scaled down
SETTLE = 60  # seconds in which all that waits must have been worked on


class NotHere(Exception):
    """A fault that this machine has not the means for; the sentence says what is missing."""


@dataclass
class Trial:
    """
    What a fault may touch; ``number`` counts from 0 to less than ``many``.

    ``found`` gathers what was seen to be wrong. ``cut_off`` is how many senders were killed, frozen or cut
    off from the database while they may have been sending: so many messages may be delivered twice.
    ``lied_about`` are keys that a gateway took without saying so, which may be delivered twice as well.
    """

    ground: Ground
    world: World
    journal: Journal
    number: int = 0
    many: int = 1
    found: dict[str, list[Any]] = field(default_factory=dict)
    cut_off: int = 0
    lied_about: set[str] = field(default_factory=set)
    outage: timedelta = timedelta(0)  # by which all that was due is late whatever anybody does
    settle_within: float = SETTLE
    lasted: tuple[float, float] | None = None  # the fault, by the monotonic clock, where pages are to go on

    def wait(self, most: float = BREAK) -> None:
        """A random while: a fault knows nothing of what the others are doing."""
        time.sleep(random.uniform(0, most))

    def blame(self, promise: str, *rows: Any) -> None:
        self.found.setdefault(promise, []).extend(rows)

    def cut_off_senders(self, *programs: str) -> None:
        """Whatever these programs were sending at this moment may have arrived without their knowing."""
        running = (name for name in programs if name in self.ground.programs)
        self.cut_off += sum(SENDS_AT_ONCE.get(name, 0) for name in running if self.ground.is_alive(name))

    def kill(self, name: str) -> None:
        self.cut_off_senders(name)
        self.ground.programs[name].kill()
