"""The faults of the reliability paper (5.2): what is killed, frozen or cut off, and how it is healed."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.db import connection, connections

from tests.faults.ground import LEASE, SENDS_AT_ONCE
from tests.faults.lies import f13_gateways_lie, f16_killed_on_receipt
from tests.faults.outage import f2_nobody_ticks_for_a_day
from tests.faults.races import f14_sent_many_times, f15_two_at_one_case
from tests.faults.trial import BREAK, Trial
from tests.faults.wrong_clocks import f10_clocks_jump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What Celery says of a task it ends because the broker is lost: with it the process that may be sending.
ENDED_BY_CELERY = "Terminating it instead."


def f1_worker_killed(trial: Trial) -> None:
    trial.wait()
    trial.kill("worker")
    trial.ground.programs["worker"].start()


def f3_two_more_beats(trial: Trial) -> None:
    """They run beside the others during all trials of this fault (``surroundings``)."""
    time.sleep(BREAK)


def f4_request_killed(trial: Trial) -> None:
    """One of the two processes that answer, in the middle of it; their master starts another."""
    for _kill in range(3):
        time.sleep(random.uniform(0, 0.3))
        if workers := trial.ground.programs["web"].children():
            with suppress(ProcessLookupError):
                os.kill(random.choice(workers), signal.SIGKILL)


def f5_redis_stopped(trial: Trial) -> None:
    """It takes connections and says nothing, the worst of outages."""
    assert trial.ground.valkey
    trial.wait()
    with _without_redis(trial):
        trial.ground.valkey.send_signal(signal.SIGSTOP)
        time.sleep(2 * BREAK)
        trial.ground.valkey.send_signal(signal.SIGCONT)


def f6_redis_lost(trial: Trial) -> None:
    trial.wait()
    with _without_redis(trial):
        trial.ground.lose_valkey(with_data=True)
        time.sleep(BREAK)
        trial.ground.start_valkey()


@contextmanager
def _without_redis(trial: Trial) -> Iterator[None]:
    """The site goes on: how long its pages take meanwhile is asked after the load."""
    ended, struck = _ended_by_celery(trial), time.monotonic()
    yield
    trial.lasted = (struck, time.monotonic())
    trial.cut_off += _ended_by_celery(trial) - ended


def _ended_by_celery(trial: Trial) -> int:
    return trial.ground.programs["worker"].words.read_text().count(ENDED_BY_CELERY)


def f7_postgres_restarted(trial: Trial) -> None:
    trial.wait()
    trial.cut_off_senders(*SENDS_AT_ONCE)
    trial.ground.restart_postgres()
    connections.close_all()


def f8_backends_ended(trial: Trial) -> None:
    for _time in range(3):
        trial.wait(0.7)
        trial.cut_off_senders(*SENDS_AT_ONCE)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )


def f9_frozen_past_its_lease(trial: Trial) -> None:
    """Whoever was frozen wakes up when its claims are long somebody else's."""
    name = random.choice(("worker", "ticker"))
    frozen = trial.ground.programs[name]
    trial.wait()
    trial.cut_off_senders(name)
    frozen.signal(signal.SIGSTOP)
    time.sleep(1.5 * LEASE)
    frozen.signal(signal.SIGCONT)


def s1_ticker_killed(trial: Trial) -> None:
    trial.wait()
    trial.kill("ticker")
    trial.ground.programs["ticker"].start()


def s2_site_killed(trial: Trial) -> None:
    trial.wait()
    trial.kill("web")
    trial.ground.programs["web"].start()


# In the order they are tried in: F2 fills the database, and is the last.
FAULTS: dict[str, Callable[[Trial], None]] = {
    "F1": f1_worker_killed,
    "F3": f3_two_more_beats,
    "F4": f4_request_killed,
    "F5": f5_redis_stopped,
    "F6": f6_redis_lost,
    "F7": f7_postgres_restarted,
    "F8": f8_backends_ended,
    "F9": f9_frozen_past_its_lease,
    "F10": f10_clocks_jump,
    "F13": f13_gateways_lie,
    "F14": f14_sent_many_times,
    "F15": f15_two_at_one_case,
    "F16": f16_killed_on_receipt,
    "F2": f2_nobody_ticks_for_a_day,
}
SQLITE_FAULTS: dict[str, Callable[[Trial], None]] = {"S1": s1_ticker_killed, "S2": s2_site_killed}
