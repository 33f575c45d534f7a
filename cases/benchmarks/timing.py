"""How long something takes, how much of it in the database, and how much memory it asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection

SLOW = 3.0  # seconds: what takes longer is measured once
BUDGET = 5.0  # seconds for all runs of one thing
MOST = 9
SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
MEGABYTE = 1024  # in kB, as the kernel counts


@dataclass(frozen=True)
class Spent:
    """Milliseconds in all and in the database, and the number of statements."""

    ms: float
    sql_ms: float
    queries: float


class SqlClock:
    """Times every statement of this connection while it is installed; savepoints are not counted."""

    def __init__(self) -> None:
        self.seconds, self.queries = 0.0, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += perf_counter() - begun
            self.queries += not sql.startswith(SAVEPOINTS)


def once(run: Callable[[], object]) -> Spent:
    clock = SqlClock()
    with connection.execute_wrapper(clock):
        begun = perf_counter()
        run()
        spent = perf_counter() - begun
    return Spent(spent * 1000, clock.seconds * 1000, clock.queries)


def typical(run: Callable[[], object], *, most: int = MOST) -> Spent:
    """The median of ``most`` runs after one to warm up; fewer of slow things, only one of very slow ones."""
    first = once(run)
    if most <= 1 or first.ms > SLOW * 1000:
        return middle([first])
    runs = [once(run)]
    while len(runs) < most and sum(each.ms for each in runs) < BUDGET * 1000:
        runs.append(once(run))
    return middle(runs)


def middle(runs: list[Spent]) -> Spent:
    return Spent(
        round(median(each.ms for each in runs), 1),
        round(median(each.sql_ms for each in runs), 1),
        median(each.queries for each in runs),
    )


@dataclass
class Memory:
    """``mb`` is how far the process grew beyond its size at the beginning; None where nobody can say."""

    mb: float | None = None


@contextmanager
def memory_growth() -> Iterator[Memory]:
    """Peak of resident memory within the block, from the kernel's own count (Linux)."""
    memory = Memory()
    before = _restart_peak()
    yield memory
    if before is not None:
        memory.mb = round((_kilobytes("VmHWM") - before) / MEGABYTE, 1)


def _restart_peak() -> int | None:
    if not sys.platform.startswith("linux"):
        return None
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # sets the peak back to the present size
    return _kilobytes("VmRSS")


def _kilobytes(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
