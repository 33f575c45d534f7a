"""
One trial after the other: load, a fault at a random moment, healing, settling, and the promises asked of the
rows.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections

from cases.choices import State
from cases.clock import database_now
from cases.models import Escalation, Heartbeat
from tests.faults.injuries import FAULTS, SQLITE_FAULTS, Trial
from tests.faults.load import Journal, Load
from tests.faults.processes import until
from tests.faults.promises import (
    broken_promises,
    deliveries,
    keys_sent,
    lateness_since,
    undelivered,
    unsettled,
)
from tests.faults.world import World, spread_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.ground import Ground

SETTLE = 60  # seconds in which all that waits must have been worked on
DUE_WITHIN = 3.0  # seconds: clocks come due while the fault lasts
FRESH = ((State.INTAKE, 4), (State.ANALYSIS, 3), (State.HANDLING, 4), (State.CONFIRMATION, 3))


@dataclass
class Result:
    """What all trials of one fault came to: lateness in seconds, and keys delivered more than once."""

    fault: str
    trials: int = 0
    violations: int = 0
    lateness: list[float] = field(default_factory=list)
    doubles: int = 0
    details: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As faults.json keeps it."""
        ordered = sorted(self.lateness)
        return {
            "fault": self.fault,
            "trials": self.trials,
            "violations": self.violations,
            "lateness": {
                "p50": _share(ordered, 0.5),
                "p99": _share(ordered, 0.99),
                "max": round(ordered[-1], 2) if ordered else 0.0,
            },
            "doubles": self.doubles,
        }


def _share(ordered: list[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 2) if ordered else 0.0


def run_trials(ground: Ground, world: World, fault: str, trials: int, tell: Callable[[str], None]) -> Result:
    """Raises NotHere where the machine has not the means for this fault."""
    result = Result(fault)
    for number in range(trials):
        run_trial(ground, world, result, number, tell)
    return result


def run_trial(ground: Ground, world: World, result: Result, number: int, tell: Callable[[str], None]) -> None:
    trial = Trial(ground, world, Journal(ground.folder / "journal.jsonl"), number, {})
    since = Escalation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    seen = _deliveries(ground)
    for state, count in FRESH:
        world.cases_in(state, count)
    spread_due(DUE_WITHIN)
    _strike(trial, result.fault)
    left, sent = settle(), keys_sent()
    counts = _deliveries(ground)
    doubled = sum(counts[key] > 1 and counts[key] > seen[key] for key in counts)
    found = trial.found | broken_promises(trial.journal.accepted, trial.journal.broken)
    found |= _blame_of_rig(trial, result.fault, left, undelivered(sent, counts), doubled)
    outage = trial.outage.total_seconds()
    late = [seconds - outage if seconds >= outage else seconds for seconds in lateness_since(since)]
    _book(result, found, late, doubled)
    for promise, rows in found.items():
        tell(f"  {result.fault} trial {number + 1}: {promise}: {rows}")


def _strike(trial: Trial, fault: str) -> None:
    """The fault under load, and healing; whoever works alone must show that it goes on."""
    ground, alone = trial.ground, fault in WORKERS_ALONE
    if alone:
        ground.programs["ticker"].stop()
    with Load(ground.site, trial.world, trial.journal):
        (FAULTS | SQLITE_FAULTS)[fault](trial)
        time.sleep(0.5)  # of load after the healing
    connections.close_all()  # ours may have been ended with the others
    ground.await_site()
    if alone:
        if not until(ticks_again(), RESUMED):
            trial.blame("the workers go on by themselves", fault)
        ground.programs["ticker"].start()


def _blame_of_rig(
    trial: Trial, fault: str, left: dict[str, int], lost: list[Any], doubled: int
) -> dict[str, list[Any]]:
    """What the gateways and the clock say beside the rows."""
    found: dict[str, list[Any]] = {}
    if left:
        found["I3, I5 nothing waits once all has settled"] = [left]
    if lost:
        found["I5 what was marked as sent was received"] = lost
    if doubled and not trial.killed_while_sending and fault in NO_DOUBLES:
        found["I5 nothing is delivered twice"] = [doubled]
    return found


# A ticker beside beat and workers would hide that they have stopped working.
WORKERS_ALONE = ("F1", "F5", "F6", "F7")
RESUMED = 45  # seconds in which workers that lost something tick again


def ticks_again() -> Callable[[], bool]:
    """Whether somebody has ticked since this was asked for."""
    asked_at = database_now()
    return lambda: Heartbeat.objects.filter(name="tick", at__gt=asked_at).exists()


# Where nobody is killed, frozen or cut off while sending, a second delivery has no excuse.
NO_DOUBLES = ("F3", "F5", "F6", "F14", "F15")


def _book(result: Result, found: dict[str, list[Any]], late: list[float], doubled: int) -> None:
    result.trials += 1
    result.violations += len(found)
    result.lateness += late
    result.doubles += doubled
    if found:
        result.details.append(found)


def _deliveries(ground: Ground) -> Counter[str]:
    return deliveries(ground.folder / "mail.jsonl", ground.folder / "hooks.jsonl")


def settle() -> dict[str, int]:
    """What has still not been worked on after SETTLE seconds; empty is well."""
    until(lambda: not _left(), SETTLE, every=0.25)
    return _left()


def _left() -> dict[str, int]:
    try:
        return {what: count for what, count in unsettled().items() if count}
    except OperationalError:
        connections.close_all()
        return {"database": 1}
