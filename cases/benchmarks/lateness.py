"""How late clocks are worked on while nothing is broken, by a ticker as it is run for real."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from statistics import quantiles
from time import sleep

from django.conf import settings
from django.db import connection

from cases.benchmarks.ground import Ground
from cases.benchmarks.made_clocks import Making, make_clocks, put_away, settle
from cases.clock import database_now
from cases.models import Announcement, Escalation
from cases.services.ticking import tick

# Issue: seconds without faults.
HALF, NEARLY_ALL = 5, 12
START = timedelta(seconds=8)  # for the ticker to come up
EVERY = 5  # seconds, where no ticker can be started
A_SECOND = 20  # clocks
PATIENCE = timedelta(seconds=30)


def measure_lateness(ground: Ground) -> None:
    """
    Clocks that come due at random moments, beside `manage.py ticker`; within a transaction, which no other
    process can look into, beside ticks of our own.
    """
    settle()
    Announcement.objects.all().delete()  # made up, and a load that no ticker finds when it starts
    begin, span = database_now() + min(START, timedelta(seconds=ground.seconds)), ground.seconds
    chance = random.Random(span)
    moments = (chance.uniform(0, span) for _number in range(A_SECOND * span))
    making = make_clocks([begin + timedelta(seconds=moment) for moment in moments])
    end = begin + timedelta(seconds=span)
    if connection.in_atomic_block:
        by = "ticks"
        _tick_until(making, end)
    else:
        by = "a ticker"
        with _ticker():
            _wait_until(making, end)
    _tell(ground, making, by)
    put_away(making)


def _tell(ground: Ground, making: Making, by: str) -> None:
    spans = Escalation.objects.filter(timer__in=making.pks).values_list("lateness", flat=True)
    late = sorted(span.total_seconds() for span in spans)
    if len(late) != len(making.pks):
        raise RuntimeError(f"{len(late)} of {len(making.pks)} clocks were worked on, each of them once")
    cuts = quantiles(late, n=100, method="inclusive")
    for name, seconds, aim in (
        ("p50", cuts[49], HALF),
        ("p99", cuts[98], NEARLY_ALL),
        ("latest", late[-1], None),
    ):
        ground.tell(f"lateness with {by}: {name}", round(seconds, 2), "s", aim=aim, cases=len(late))
    early = sum(seconds < 0 for seconds in late)
    ground.tell(f"lateness with {by}: early", early, "clocks", aim=0, cases=len(late))


def _tick_until(making: Making, end: datetime) -> None:
    while tick().fired or not _is_over(making, end):
        sleep(min(EVERY, max((end - database_now()).total_seconds(), 0.01)))


def _wait_until(making: Making, end: datetime) -> None:
    while not _is_over(making, end):
        sleep(1)


def _is_over(making: Making, end: datetime) -> bool:
    now = database_now()
    done = now > end and Escalation.objects.filter(timer__in=making.pks).count() == len(making.pks)
    return done or now > end + PATIENCE


@contextmanager
def _ticker() -> Iterator[None]:
    """As deployed, but whatever it would send stays on this machine."""
    ticker = subprocess.Popen(
        [sys.executable, "manage.py", "ticker"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"OUTGOING": "catch"},
    )
    try:
        yield
    finally:
        ticker.send_signal(signal.SIGTERM)
        ticker.wait()
