"""What is other than usual during all trials of a fault: it is laid once, and put right after the last."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from tests.faults.processes import until
from tests.faults.wrong_clocks import MISSING, faketime, watches_that_can_be_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.ground import Ground

# By the numbers of the reliability paper (5.2); S1 and S2 are killings on SQLite.
ON_SQLITE = ("S1", "S2")
KNOWN = (*(f"F{number}" for number in (*range(1, 11), 13, 14, 15, 16)), *ON_SQLITE)
# A ticker beside beat and workers would hide that they have stopped working.
WORKERS_ALONE = ("F1", "F5", "F6", "F7")


@contextmanager
def without_ticker(ground: Ground) -> Iterator[None]:
    ground.programs["ticker"].stop()
    yield
    ground.programs["ticker"].start()


@contextmanager
def three_beats_and_two_tickers(ground: Ground) -> Iterator[None]:
    others = {name: ground.another(name, ground.beat_command()) for name in ("beat2", "beat3")}
    others["ticker2"] = ground.another("ticker2", ["manage.py", "ticker"])
    if not until(lambda: all(map(ground.is_at_work, others)), 60):
        raise RuntimeError(f"not all of these began to work: {', '.join(others)}")
    yield
    for other in others.values():
        other.ask_to_end()
    for other in others.values():
        other.stop()


SURROUNDINGS: dict[str, Callable[[Ground], AbstractContextManager[None]]] = {
    **dict.fromkeys(WORKERS_ALONE, without_ticker),
    "F3": three_beats_and_two_tickers,
    "F10": watches_that_can_be_set,
}


def surroundings(fault: str, ground: Ground) -> AbstractContextManager[None]:
    """Raises NotHere, once entered, where the machine has not the means for this fault."""
    lay = SURROUNDINGS.get(fault)
    return lay(ground) if lay else nullcontext()


def missing_for(fault: str, *, sqlite: bool | None = None) -> str:
    """Why it cannot be tried here, on the database named if any, as a sentence; empty where it can."""
    if fault not in KNOWN:
        return f"there is no such fault, only {', '.join(KNOWN)}."
    if sqlite is not None and sqlite != (fault in ON_SQLITE):
        return "it belongs to the other database."
    return MISSING if fault == "F10" and faketime() is None else ""
