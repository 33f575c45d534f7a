"""
A second process that works on due clocks beside the one that measures, as a ticker does beside a worker.

It is started before anything is due, says when it is ready, and ticks from the moment it is told to until
nothing is due.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

import django
from django.apps import apps

if not apps.ready:  # the second process begins here
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.db import connection

from cases.benchmarks.ground import Ground
from cases.benchmarks.made_clocks import tick_until_done
from cases.memory import keep_what_is_loaded
from cases.services.ticking import tick

PATIENCE = 60  # seconds for the process to come up


def can_be_shared(ground: Ground) -> bool:
    """Whether another process would help; else that is said."""
    if connection.vendor != "postgresql":
        why = "SQLite lets one process write at a time"
    elif connection.in_atomic_block:
        why = "no other process can look into a transaction"
    else:
        return True
    ground.say(f"by two tickers: left out, for {why}")
    return False


class SecondTicker:
    """The process at the other end, waiting for ``run``."""

    def __init__(self, other: Connection) -> None:
        self._other = other
        if not other.poll(PATIENCE):
            raise TimeoutError(f"the second ticker was not ready within {PATIENCE} s")
        other.recv()

    def run(self) -> tuple[float, int]:
        """Work on all that is due, here and there: the seconds until both are done, the clocks worked on."""
        begun = perf_counter()
        self._other.send("go")
        here = tick_until_done()
        there = self._other.recv()
        return perf_counter() - begun, here + there


@contextmanager
def second_ticker() -> Iterator[SecondTicker]:
    """Ready to run, once. Raises TimeoutError, and EOFError where it ended before its time."""
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=_tick_when_told, args=(theirs,))
    process.start()
    theirs.close()  # or the end of the process would go unnoticed here
    try:
        yield SecondTicker(ours)
    finally:
        process.terminate()
        process.join()
        ours.close()


def _tick_when_told(ours: Connection) -> None:
    tick()  # whatever the first tick of a process has to load
    keep_what_is_loaded()
    ours.send("ready")
    ours.recv()
    ours.send(tick_until_done())
