"""Clocks that are due, worked on by the tick; beside it the plain ways of doing the same."""

from __future__ import annotations

from datetime import timedelta
from statistics import mean
from time import perf_counter

from django.conf import settings
from django.db import connection

from cases.benchmarks import armed, celery_clocks, plain_clocks
from cases.benchmarks.ground import Ground
from cases.benchmarks.made_clocks import Making, make_clocks, put_away, settle, tick_until_done
from cases.benchmarks.second_ticker import can_be_shared, second_ticker
from cases.clock import database_now
from cases.services.ticking import tick

# Paper on speed: of the sweep by one statement, and of a tick with nothing to do.
SHARE = 0.4
IDLE_SQL, IDLE = 1, 200  # milliseconds
ARMED = 1_000_000
MINUTE = timedelta(minutes=1)


def measure_clocks(ground: Ground) -> None:
    """Clocks a second at levels where nothing but telling is to be done; the commits are included."""
    settle()
    count = min(ground.due, ground.cases)
    before = _sweeps(count)
    making = _due(count)
    begun = perf_counter()
    fired = tick_until_done()
    rate = round(fired / (perf_counter() - begun))
    put_away(making)
    floors = [round(mean(pair)) for pair in zip(before, _sweeps(count), strict=True)]
    floor, written = floors or (None, None)
    ground.tell(
        "clocks due, beside one statement that sweeps",
        rate,
        "clocks/s",
        aim=floor and round(SHARE * floor),
        baseline=floor,
        cases=fired,
    )
    ground.tell(
        "clocks due, beside one statement that writes the same rows",
        rate,
        "clocks/s",
        baseline=written,
        cases=fired,
    )
    ground.tell("clocks due, beside a loop", rate, "clocks/s", baseline=_loop(count), cases=fired)
    if (tasks := _tasks(ground, count)) is not None:
        ground.tell("clocks due, beside Celery ETA", rate, "clocks/s", baseline=tasks, cases=fired)
    if can_be_shared(ground):
        _tell_of_two(ground, count)


def _tell_of_two(ground: Ground, count: int) -> None:
    with second_ticker() as other:
        making = _due(count)
        spent, fired = other.run()
        put_away(making)
    ground.tell("clocks due, by two tickers", round(fired / spent), "clocks/s", cases=fired)


def _due(count: int) -> Making:
    return make_clocks([database_now() - MINUTE] * count)


def _sweeps(count: int) -> list[float]:
    """Clocks a second by the two statements; nothing where there is no such statement."""
    if connection.vendor != "postgresql":
        return []
    rates = []
    for way in (plain_clocks.sweep, plain_clocks.sweep_with_ledger):
        making = _due(count)
        rates.append(way(making))
        put_away(making)
    return rates


def _loop(count: int) -> float:
    making = _due(count)
    rate = plain_clocks.loop(making.pks)
    put_away(making)
    return rate


def _tasks(ground: Ground, count: int) -> float | None:
    if not settings.REDIS_URL or connection.in_atomic_block:
        ground.say("clocks due, beside Celery ETA: left out, for REDIS_URL names no broker")
        return None
    making = _due(count)
    try:
        return celery_clocks.run_tasks(making.pks)
    except TimeoutError as error:
        ground.say(f"clocks due, beside Celery ETA: left out, {error}")
        return None
    finally:
        put_away(making)


def measure_idle_tick(ground: Ground) -> None:
    """A tick that finds nothing due among very many clocks, as most do."""
    settle()
    with armed.clocks(ARMED) as count:
        spent = ground.take(tick)
    ground.tell("idle tick: SQL", spent.sql_ms, "ms", aim=IDLE_SQL, cases=count)
    ground.tell("idle tick: time", spent.ms, "ms", aim=IDLE, cases=count)
