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
from cases.models import Escalation
from tests.faults.injuries import FAULTS, SQLITE_FAULTS
from tests.faults.journal import Journal
from tests.faults.load import Load
from tests.faults.owed import last_event, unwritten
from tests.faults.processes import until
from tests.faults.promises import broken_promises, lateness_since, unsettled
from tests.faults.received import begun, blame_doubles, deliveries, doubled, keys_sent, undelivered
from tests.faults.surroundings import surroundings
from tests.faults.targets import GOES_ON_WITHIN, Pages, blame_standstill, share_of, too_late
from tests.faults.testimony import blame_by_witnesses
from tests.faults.trial import Trial
from tests.faults.world import World, bring_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.ground import Ground

DUE_WITHIN = 3.0  # seconds: clocks come due while the fault lasts
STOCK = ((State.INTAKE, 3), (State.ANALYSIS, 2), (State.HANDLING, 3), (State.CONFIRMATION, 2))
AFTERWARDS = 0.5  # seconds of load after the healing


@dataclass
class Result:
    """What all trials of one fault came to: lateness in seconds, and keys delivered more than once."""

    fault: str
    trials: int = 0
    violations: int = 0
    lateness: list[float] = field(default_factory=list)
    doubles: int = 0
    seconds: float = 0.0  # all trials together
    pages: Pages = field(default_factory=Pages)

    def as_json(self) -> dict[str, Any]:
        """As faults.json keeps it."""
        return {
            "fault": self.fault,
            "trials": self.trials,
            "violations": self.violations,
            "lateness": {
                "p50": round(share_of(self.lateness, 0.5), 2),
                "p99": round(share_of(self.lateness, 0.99), 2),
                "max": round(max(self.lateness, default=0.0), 2),
            },
            "doubles": self.doubles,
        }

    def book(self, trial: Trial, late: list[float], doubles: int) -> None:
        self.trials += 1
        self.violations += len(trial.found)
        self.lateness += late
        self.doubles += doubles


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
    if slow := result.pages.too_slow:
        result.violations += 1
        tell(f"  {fault}: 95 pages in a hundred come within a second while it lasts (and otherwise): {slow}")
    result.seconds = time.monotonic() - began
    return result


def run_trial(trial: Trial, result: Result) -> None:
    """Whatever does not hold afterwards is in ``trial.found``."""
    ground, began = trial.ground, time.monotonic()
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
    if latest := too_late(result.fault, late):
        trial.blame("what came due is noticed in time", *latest)
    result.book(trial, late, len(again))
    if trial.lasted:
        result.pages.book(trial.world.browsers.requests, began, *trial.lasted)


def _strike(trial: Trial, fault: str) -> None:
    """The fault under load, and healing; whoever works alone must show that it goes on."""
    with Load(trial.world, trial.journal):
        (FAULTS | SQLITE_FAULTS)[fault](trial)
        if fault in GOES_ON_WITHIN:
            blame_standstill(trial, fault)
        time.sleep(AFTERWARDS)
    connections.close_all()  # ours may have been ended with the others
    trial.ground.await_site()


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
