from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from cases import waking
from cases.models import Heartbeat
from cases.services.beat_seed import OURS, SCHEDULE, ensure_beat_schedule
from cases.ticker import LOOKS_AHEAD, Job, Outage, Runner, Ticker, attempt, read_schedule, run_once
from tools.bootstrap import ROOT

PATIENCE = 20  # seconds after which a test gives up
TICK = Job("cases.tasks.tick")


class Counting(Job):
    """A job that says when it begins, waits until it may go on, and counts."""

    def __init__(self) -> None:
        super().__init__("cases.tasks.counting")
        object.__setattr__(self, "begun", threading.Semaphore(0))
        object.__setattr__(self, "go_on", threading.Semaphore(0))
        object.__setattr__(self, "at_once", [0, 0])

    begun: threading.Semaphore
    go_on: threading.Semaphore
    at_once: list[int]

    def run(self) -> int:
        self.at_once[0] += 1
        self.at_once[1] = max(self.at_once)
        self.begun.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        self.at_once[0] -= 1
        return 1


def nothing(job: Job) -> None: ...


class Failing(Counting):
    """Says when it begins, and fails."""

    def run(self) -> int:
        self.begun.release()
        raise ValueError("a clock nobody can read")


@contextmanager
def running_hourly(job: Counting | None = None) -> Iterator[tuple[Runner, Counting]]:
    """From its first beginning on."""
    job = job or Counting()
    running = Runner(job, timedelta(hours=1), Outage(), nothing)
    running.thread.start()
    try:
        assert job.begun.acquire(timeout=PATIENCE)
        yield running, job
    finally:
        running.stop()
        for _waiting in range(5):
            job.go_on.release()
        running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


@pytest.fixture
def runner() -> Iterator[tuple[Runner, Counting]]:
    with running_hourly() as both:
        yield both


@pytest.fixture
def quick_pace(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds."""
    monkeypatch.setattr("cases.ticker.PACE", 0.1)
    return 0.1


def test_a_job_runs_at_once_and_again_when_woken(runner: tuple[Runner, Counting]) -> None:
    running, job = runner
    job.go_on.release()
    running.wake()
    assert job.begun.acquire(timeout=PATIENCE)


def test_a_job_woken_while_it_runs_runs_again_afterwards_and_never_beside_itself(
    runner: tuple[Runner, Counting],
) -> None:
    running, job = runner
    running.wake()
    running.wake()
    assert not job.begun.acquire(blocking=False)
    job.go_on.release()
    assert job.begun.acquire(timeout=PATIENCE)
    assert job.at_once == [1, 1]


def test_what_is_under_way_ends_before_the_thread_does(runner: tuple[Runner, Counting]) -> None:
    running, job = runner
    running.stop()
    assert running.thread.is_alive()
    job.go_on.release()
    running.thread.join(PATIENCE)
    assert job.at_once == [0, 1]


def test_a_job_that_looks_ahead_runs_before_its_turn_but_not_all_the_time(
    monkeypatch: pytest.MonkeyPatch, quick_pace: float
) -> None:
    monkeypatch.setitem(LOOKS_AHEAD, "cases.tasks.counting", lambda: 0.0)
    with running_hourly() as (_running, job):
        began = [time.monotonic()]
        for _run in range(5):
            job.go_on.release()
            assert job.begun.acquire(timeout=PATIENCE)
            began.append(time.monotonic())
    assert began[5] - began[0] > 4 * quick_pace


@pytest.mark.parametrize("looks", ["nothing to come", "cannot"])
def test_a_job_that_sees_nothing_ahead_waits_for_its_turn(
    monkeypatch: pytest.MonkeyPatch, quick_pace: float, looks: str
) -> None:
    look_ahead = fail(ValueError("nothing to be seen")) if looks == "cannot" else lambda: None
    monkeypatch.setitem(LOOKS_AHEAD, "cases.tasks.counting", look_ahead)
    with running_hourly() as (_running, job):
        job.go_on.release()
        assert not job.begun.acquire(timeout=3 * quick_pace)


def test_a_job_that_failed_does_not_look_ahead(monkeypatch: pytest.MonkeyPatch, quick_pace: float) -> None:
    monkeypatch.setitem(LOOKS_AHEAD, "cases.tasks.counting", lambda: 0.0)
    with running_hourly(Failing()) as (_running, job):
        assert not job.begun.acquire(timeout=3 * quick_pace)


def test_who_was_asked_to_end_as_a_run_began_ends_after_it() -> None:
    """The waking was taken away by that run."""
    running = Runner(Counting(), timedelta(hours=1), Outage(), nothing)
    running.stop()
    assert running._rest(time.monotonic(), look_ahead=True) == 0


def test_a_slow_job_keeps_no_other_from_running(runner: tuple[Runner, Counting]) -> None:
    quick = Counting()
    other = Runner(quick, timedelta(milliseconds=1), Outage(), nothing)
    other.thread.start()
    for _run in range(3):
        assert quick.begun.acquire(timeout=PATIENCE)
        quick.go_on.release()
    other.stop()
    quick.go_on.release()
    other.thread.join(PATIENCE)


@pytest.mark.django_db
def test_the_schedule_is_the_one_that_beat_reads() -> None:
    jobs = read_schedule()
    assert len(jobs) == len(SCHEDULE)
    assert jobs[TICK] == timedelta(seconds=10)
    assert jobs[Job("cases.tasks.send_notices", ("email",))] == timedelta(seconds=5)


@pytest.mark.django_db
def test_what_an_administrator_changes_holds_from_the_next_look() -> None:
    half_a_minute = IntervalSchedule.objects.create(every=30, period="seconds")
    PeriodicTask.objects.filter(name="tick").update(interval=half_a_minute)
    PeriodicTask.objects.filter(name="janitor").update(enabled=False)
    jobs = read_schedule()
    assert jobs[TICK] == timedelta(seconds=30)
    assert Job("cases.tasks.janitor") not in jobs


@pytest.mark.django_db
def test_two_rows_for_one_task_are_one_job() -> None:
    minutely = IntervalSchedule.objects.create(every=1, period="minutes")
    PeriodicTask.objects.create(name="again", task="cases.tasks.tick", interval=minutely)
    assert read_schedule()[TICK] == timedelta(seconds=10)


@pytest.mark.django_db
def test_a_row_with_a_task_nobody_knows_is_left_out() -> None:
    PeriodicTask.objects.filter(name="tick").update(task="os.system")
    assert TICK not in read_schedule()
    assert all(job.task.startswith("cases.tasks.") for job in read_schedule())


@pytest.mark.django_db
def test_a_row_with_arguments_nobody_can_read_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    PeriodicTask.objects.filter(task="cases.tasks.janitor").update(args="5")

    schedule = read_schedule()

    assert TICK in schedule
    assert not any(job.task == "cases.tasks.janitor" for job in schedule)
    assert "must be a list: 5" in caplog.text


@pytest.mark.django_db
def test_everything_is_done_once_when_asked_so() -> None:
    assert run_once() == []
    assert {"tick", "janitor"} <= set(Heartbeat.objects.values_list("name", flat=True))


@pytest.mark.django_db
def test_what_fails_is_named_and_the_rest_is_done(caplog: pytest.LogCaptureFixture) -> None:
    # A channel nobody knows, as a row of another version might name.
    PeriodicTask.objects.filter(name="send:inbox").update(args='["pigeon", "too", "many"]')
    with pytest.raises(CommandError, match="send_notices pigeon too many"):
        call_command("ticker", once=True)
    assert "is tried again" in caplog.text
    assert Heartbeat.objects.filter(name="janitor").exists()


def fail(error: Exception) -> Callable[[], None]:
    def failing() -> None:
        raise error

    return failing


@pytest.mark.django_db
def test_a_refused_statement_is_told_as_a_failure_and_not_as_an_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage()
    assert attempt("something", fail(OperationalError("lock timeout")), outage) == (False, None)
    assert "something failed" in caplog.text
    assert "away" not in caplog.text


def test_an_outage_is_told_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    for _attempt in range(3):
        outage.begins(OperationalError("connection refused"))
    for _attempt in range(3):
        outage.ends()
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "the database is away",
        "the database is back",
    ]


def start_ticker(folder: Path, **environment: str) -> subprocess.Popen[str]:
    surroundings = os.environ | {"VAR_DIR": str(folder), "DATABASE_URL": ""} | environment
    words = [sys.executable, "manage.py", "ticker"]
    return subprocess.Popen(words, cwd=ROOT, env=surroundings, stderr=subprocess.PIPE, text=True)


def first_words(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    return process.stderr.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_signal_ends_it_also_while_the_database_was_never_there(number: int, tmp_path: Path) -> None:
    with start_ticker(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing") as process:
        try:
            assert "the database is away" in first_words(process)
            process.send_signal(number)
            assert process.wait(PATIENCE) == 0
            assert process.stderr
            assert process.stderr.read() == ""  # said once, and no trace
        finally:
            process.kill()


def test_the_seed_names_what_may_not_be_deleted() -> None:
    assert len(OURS) == len(SCHEDULE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_it_works_in_threads_of_its_own_and_leaves_no_connection_behind() -> None:
    ensure_beat_schedule(apps)  # an earlier test of this kind has emptied the tables
    others = connections_open()
    running = Ticker()
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not Heartbeat.objects.filter(name="tick").exists():
            assert time.monotonic() < deadline
            thread.join(0.1)
        assert running.wake in waking.WAKERS
    finally:
        running.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert running.wake not in waking.WAKERS
    assert not any(runner.thread.is_alive() for runner in running.runners.values())
    deadline = time.monotonic() + PATIENCE
    while connections_open() - others:  # PostgreSQL notices a moment later that somebody has hung up
        assert time.monotonic() < deadline
        thread.join(0.1)


def connections_open() -> set[int]:
    """The processes of PostgreSQL that serve somebody here: ours, and whoever an earlier test left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_a_thread_that_has_died_is_replaced() -> None:
    ensure_beat_schedule(apps)
    running = Ticker()
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while TICK not in running.runners:
            assert time.monotonic() < deadline
            thread.join(0.1)
        dead = running.runners[TICK]
        dead.stop()
        while running.runners[TICK] is dead:
            assert time.monotonic() < deadline
            thread.join(0.1)
    finally:
        running.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
