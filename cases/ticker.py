"""
The workers' tasks in one process and without a broker, after the same schedule that beat reads.

Each task has a thread and a database connection of its own, so that a slow channel delays neither another nor
the tick, and never runs twice at once in one process. Beside beat, workers or another ticker it is harmless:
what is due is claimed in the database.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.db import InterfaceError, OperationalError, close_old_connections, connection, connections
from django_celery_beat.models import PeriodicTask

from cases import waking
from cases.alarm import TickAlarm
from cases.memory import keep_what_is_loaded
from cases.services import health, ticking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

READ_EVERY = 5  # seconds between looks at the schedule
SIGN_EVERY = 10  # seconds
LAST_WORDS = 60  # seconds in which what is under way may end
PACE = 1.0  # seconds between two beginnings of a job that looks ahead, where nobody wakes it
# Jobs that know when they are needed next, in seconds or None: they need not wait for their turn.
LOOKS_AHEAD: dict[str, Callable[[], float | None]] = {"cases.tasks.tick": ticking.seconds_to_next_level}
AWAY = (OperationalError, InterfaceError)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A task with its arguments."""

    task: str
    args: tuple[Any, ...] = ()

    def run(self) -> Any:
        return current_app.tasks[self.task](*self.args)

    def __str__(self) -> str:
        return " ".join([self.task.rpartition(".")[2], *map(str, self.args)])


class Outage:
    """Says once that the database is away and once that it is back, whichever thread notices."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._away = False

    def begins(self, error: Exception) -> None:
        with self._lock:
            if not self._away:
                words = " ".join(str(error).split())
                log.warning("the database is away; trying again until it is back: %s", words)
            self._away = True

    def ends(self) -> None:
        with self._lock:
            if self._away:
                log.warning("the database is back")
            self._away = False


class Runner:
    """The thread of one job: runs it whenever its turn has come, it is needed or somebody wakes it."""

    def __init__(self, job: Job, every: timedelta, outage: Outage, then: Callable[[Job], None]) -> None:
        self.job, self.every = job, every
        self._outage, self._then = outage, then
        self._look_ahead = LOOKS_AHEAD.get(job.task)
        self._woken, self._stopping = threading.Event(), False
        self.thread = threading.Thread(target=self._work, name=str(job), daemon=True)

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """After what is under way; for good."""
        self._stopping = True
        self._woken.set()

    def _run(self) -> Any:
        close_old_connections()
        return self.job.run()

    def _work(self) -> None:
        while not self._stopping:
            self._woken.clear()
            began = time.monotonic()
            succeeded, made = attempt(str(self.job), self._run, self._outage)
            if made:
                self._then(self.job)
            self._woken.wait(self._rest(began, look_ahead=succeeded))
        connections.close_all()

    def _rest(self, began: float, *, look_ahead: bool) -> float:
        """Seconds until its turn or, where it looks ahead, until it is needed before that."""
        if self._stopping:
            return 0.0  # it was asked to end as this run began, which took the waking away
        needed_in = None
        if look_ahead and self._look_ahead:
            _saw, needed_in = attempt(f"looking ahead for {self.job}", self._look_ahead, self._outage)
        now = time.monotonic()
        rest = began + self.every.total_seconds() - now
        if needed_in is not None:
            rest = min(rest, max(needed_in, began + PACE - now))
        return max(0.0, rest)


def attempt(name: str, do: Callable[[], Any], outage: Outage) -> tuple[bool, Any]:
    """Whether it succeeded, and what it returned. A failure is told and costs nothing but this attempt."""
    try:
        result = do()
    except Exception as error:  # the next attempt may succeed, and the others must go on
        if isinstance(error, AWAY) and _database_is_away():
            outage.begins(error)
        else:
            log.exception("%s failed and is tried again", name)
        return False, None
    outage.ends()
    return True, result


def _database_is_away() -> bool:
    """Asked by a new connection: a broken one is not kept, and a refused statement is no outage."""
    connection.close()
    try:
        connection.ensure_connection()
    except AWAY:
        return True
    return False


class Ticker:
    """Keeps a runner for each enabled row of the schedule until somebody asks for the end."""

    def __init__(self) -> None:
        self.outage, self.alarm = Outage(), TickAlarm()
        self.runners: dict[Job, Runner] = {}
        # Unlike an Event, this may be put to by a signal's handler at any moment.
        self._asked_to_stop: queue.SimpleQueue[None] = queue.SimpleQueue()

    def stop(self) -> None:
        """May be called from a signal's handler or another thread."""
        self._asked_to_stop.put(None)

    def run(self) -> None:
        """Until ``stop``; whatever is under way then is ended first."""
        waking.WAKERS.append(self.wake)
        keep_what_is_loaded()
        try:
            while True:
                self.follow_schedule()
                attempt("looking at the last tick", self.alarm.look, self.outage)
                try:
                    return self._asked_to_stop.get(timeout=READ_EVERY)
                except queue.Empty:
                    continue
        finally:
            waking.WAKERS.remove(self.wake)
            self._end(self.runners.values())
            connections.close_all()

    def follow_schedule(self) -> None:
        """Start, stop and pace runners as the rows say; while they cannot be read the last known hold."""
        close_old_connections()
        read, schedule = attempt("reading the schedule", read_schedule, self.outage)
        if not read:
            return
        self._end([self.runners.pop(job) for job in self.runners.keys() - schedule.keys()])
        for job, every in schedule.items():
            if job in self.runners and self.runners[job].thread.is_alive():
                self.runners[job].every = every
            else:
                self.runners[job] = Runner(job, every, self.outage, self._after)
                self.runners[job].thread.start()
        attempt("signing", _sign, self.outage)

    def wake(self) -> None:
        """Something was announced: have it worked out now rather than in a few seconds."""
        self._wake("cases.tasks.work_out_announcements")

    def _after(self, job: Job) -> None:
        """What is in the outbox now need not wait for its channel's turn."""
        if job.task == "cases.tasks.work_out_announcements":
            self._wake("cases.tasks.send_notices")

    def _wake(self, task: str) -> None:
        for runner in list(self.runners.values()):
            if runner.job.task == task:
                runner.wake()

    def _end(self, runners: Iterable[Runner]) -> None:
        ending = list(runners)
        for runner in ending:
            runner.stop()
        deadline = time.monotonic() + LAST_WORDS
        for runner in ending:
            runner.thread.join(max(0.0, deadline - time.monotonic()))
            if runner.thread.is_alive():
                log.warning("%s did not end in time; what it holds is taken up by the next run", runner.job)


def read_schedule() -> dict[Job, timedelta]:
    """
    Every enabled row with an interval, and the interval. Two rows for one job are one, the shorter.

    A row without an interval or with a task nobody knows is left to beat.
    """
    current_app.loader.import_default_modules()
    schedule: dict[Job, timedelta] = {}
    rows = PeriodicTask.objects.filter(enabled=True, interval__isnull=False).select_related("interval")
    for row in rows.order_by("pk"):
        if row.task in current_app.tasks and row.task.startswith("cases."):
            try:
                job = Job(row.task, tuple(json.loads(row.args or "[]")))
            except (TypeError, ValueError):  # beat's own page takes any JSON
                log.error("schedule “%s” is left out: its arguments must be a list: %s", row.name, row.args)
                continue
            every = timedelta(**{row.interval.period: row.interval.every})
            schedule[job] = min(every, schedule.get(job, every))
    return schedule


def _sign() -> None:
    health.sign_of_life("ticker", every=SIGN_EVERY)


def run_once() -> list[str]:
    """Every job of the schedule one after the other; returns the names of those that failed."""
    outage = Outage()
    return [str(job) for job in read_schedule() if not attempt(str(job), job.run, outage)[0]]
