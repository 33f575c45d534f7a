"""
One trial after the other: load, a fault at a random moment, healing, settling, and the promises asked of the
rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections

from cases.choices import State
from cases.clock import database_now
from cases.models import Escalation, Heartbeat
from tests.faults.injuries import FAULTS, SQLITE_FAULTS
from tests.faults.journal import Journal
from tests.faults.load import Load
from tests.faults.owed import last_event, unwritten
from tests.faults.processes import until
from tests.faults.promises import broken_promises, lateness_since, unsettled
from tests.faults.received import begun, blame_doubles, deliveries, doubled, keys_sent, undelivered
from tests.faults.surroundings import WORKERS_ALONE, surroundings
from tests.faults.testimony import blame_by_witnesses
from tests.faults.trial import Trial
from tests.faults.world import World, bring_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.ground import Ground

DUE_WITHIN = 3.0  # seconds: clocks come due while the fault lasts
STOCK = ((State.INTAKE, 3), (State.ANALYSIS, 2), (State.HANDLING, 3), (State.CONFIRMATION, 2))
AFTERWARDS = 0.5  # seconds of load after the healing
RESUMED = 45  # seconds in which workers that lost something tick again


@dataclass
class Result:
    """What all trials of one fault came to: lateness in seconds, and keys delivered more than once."""

    fault: str
    trials: int = 0
    violations: int = 0
    lateness: list[float] = field(default_factory=list)
    doubles: int = 0
    seconds: float = 0.0  # all trials together

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

    def book(self, trial: Trial, late: list[float], doubles: int) -> None:
        self.trials += 1
        self.violations += len(trial.found)
        self.lateness += late
        self.doubles += doubles


def _share(ordered: list[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 2) if ordered else 0.0


def run_trials(ground: Ground, world: World, fault: str, trials: int, tell: Callable[[str], None]) -> Result:
    """Raises NotHere where the machine has not the means for this fault."""
    result = Result(fault)
    began = time.monotonic()
    with surroundings(fault, ground):
        for number in range(trials):
            journal = Journal(ground.folder / "journal.jsonl")
            trial = Trial(ground, world, journal, number, trials)
            run_trial(trial, result)
            for promise, rows in trial.found.items():
                tell(f"  {fault} trial {number + 1}: {promise}: {rows[:10]}")
    result.seconds = time.monotonic() - began
    return result


def run_trial(trial: Trial, result: Result) -> None:
    """Whatever does not hold afterwards is in ``trial.found``."""
    ground = trial.ground
    since = Escalation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    seen, before = deliveries(ground), last_event()
    for state, wanted in STOCK:
        trial.world.stock_up(state, wanted)
    bring_due(trial.world.ours, DUE_WITHIN)
    _strike(trial, result.fault)
    if left := settle(trial.settle_within):
        trial.blame("I3, I5 nothing waits once all has settled", left)
    sent, counts = keys_sent(), deliveries(ground)
    if lost := undelivered(sent, counts):
        trial.blame("I5 what was marked as sent was received", *lost)
    if lost := unwritten(before):
        trial.blame("I5 what is owed was written", *lost)
    again = doubled(seen, counts)
    blame_doubles(trial, again)
    _ask_rows_and_witnesses(trial)
    outage = trial.outage.total_seconds()
    late = [seconds - outage if seconds >= outage / 2 else seconds for seconds in lateness_since(since)]
    result.book(trial, late, len(again))


def _strike(trial: Trial, fault: str) -> None:
    """The fault under load, and healing; whoever works alone must show that it goes on."""
    with Load(trial.world, trial.journal):
        (FAULTS | SQLITE_FAULTS)[fault](trial)
        time.sleep(AFTERWARDS)
    connections.close_all()  # ours may have been ended with the others
    trial.ground.await_site()
    if fault in WORKERS_ALONE and not until(ticks_again(), RESUMED):
        trial.blame("the workers go on by themselves", fault)


def ticks_again() -> Callable[[], bool]:
    """Whether somebody has ticked since this was asked for."""
    asked_at = database_now()
    return lambda: Heartbeat.objects.filter(name="tick", at__gt=asked_at).exists()


def _ask_rows_and_witnesses(trial: Trial) -> None:
    journal = trial.journal
    for found in (
        broken_promises(journal.accepted, journal.broken),
        blame_by_witnesses(journal, trial.world.browsers.take_shown()),
    ):
        for promise, rows in found.items():
            trial.blame(promise, *rows)


def settle(within: float) -> dict[str, int]:
    """
    What has still not been worked on after so many seconds; empty is well.

    What somebody had in hand or will try again is waited for as well: a second delivery belongs to the trial
    that is its cause.
    """
    tried = begun()
    until(lambda: not _left(tried), within, every=0.25)
    return _left(tried)


def _left(tried: set[int]) -> dict[str, int]:
    try:
        left = unsettled() | {"notices tried": len(tried & begun())}
    except OperationalError:
        connections.close_all()
        return {"database": 1}
    return {what: count for what, count in left.items() if count}
