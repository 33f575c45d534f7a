"""A real broker and a real worker beside the tests: a message becomes work on a row."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import LazySettings
from django.utils import timezone
from redis import Redis

from cases import broker
from cases.broker import Kicker
from cases.models import Heartbeat, Throttle
from config import queues
from tests.gateways import free_port
from tools.bootstrap import ROOT
from tools.valkey import temporary_valkey, valkey_in

PATIENCE = 60  # seconds after which a test gives up
WORKER = ["worker", "-Q", "tick,send,heavy", "-c", "1", "--without-gossip", "--without-mingle"]


def await_that(holds: Callable[[], Any]) -> None:
    """Come back when it holds; what other processes do has no other sign."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def redis_url(settings: LazySettings) -> Iterator[str]:
    """A broker that this process sends to as well."""
    conf, before = current_app.conf, current_app.conf.broker_transport_options
    with temporary_valkey() as url:
        settings.REDIS_URL = url
        conf.broker_url, conf.broker_transport_options = url, queues.REDIS_OPTIONS
        yield url
        conf.broker_url, conf.broker_transport_options = "memory://", before


@pytest.fixture
def worker(redis_url: str, database_for_others: None, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """On the database of the tests."""
    surroundings = os.environ | {"REDIS_URL": redis_url, "OUTGOING": "catch"}
    words = [sys.executable, "-m", "celery", "-A", "config", *WORKER]
    with (tmp_path / "words.txt").open("wb") as said:
        process = subprocess.Popen(words, cwd=ROOT, env=surroundings, stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def waiting(url: str, queue: str) -> int:
    with Redis.from_url(url) as client:
        return int(client.llen(f"{broker.KEY_PREFIX}{queue}"))


def test_a_wake_up_waits_in_the_queue_of_its_task(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PATIENCE", 10)  # of a machine that has other things to do
    kicker = Kicker()
    kicker.kick("cases.tasks.send_notices", "email")
    await_that(lambda: waiting(redis_url, "send") == 1)
    assert broker.queue_lengths() == {"tick": 0, "send": 1, "heavy": 0}


def test_a_broker_that_went_away_fails_nobody(redis_url: str, settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    current_app.conf.broker_url = settings.REDIS_URL
    kicker = Kicker()
    kicker.kick("cases.tasks.tick")
    await_that(lambda: kicker._quiet_until > time.monotonic())
    assert kicker._thread
    assert kicker._thread.is_alive()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_message_becomes_work_on_a_row(worker: subprocess.Popen[bytes], redis_url: str) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    Throttle.objects.create(key="of the past", window_at=long_ago, count=1)
    Kicker().kick("cases.tasks.janitor")
    await_that(lambda: not Throttle.objects.exists())
    assert Heartbeat.objects.filter(name="worker:heavy").exists()
    assert waiting(redis_url, "heavy") == 0
    assert worker.poll() is None


TRIAL = """
import os, pathlib, time
from celery import Celery
from config import queues

app = Celery("trial")
app.config_from_object(queues)
app.conf.broker_url, app.conf.task_routes = os.environ["BROKER"], {}
app.conf.broker_transport_options = queues.REDIS_OPTIONS

def note(sign):
    with open("done", "a") as done:
        done.write(sign)

@app.task(name="work")
def work():
    note("<")
    while not pathlib.Path("may-end").exists():
        time.sleep(0.05)
    note(">")
"""


def test_a_worker_goes_on_after_the_broker_was_lost_under_all_its_processes(tmp_path: Path) -> None:
    """
    Both end their work with the broker gone, so that neither message can be answered for.

    The worker is held while that happens: else it may see the loss before the ends, and asks for no answer.
    """
    (tmp_path / "trial.py").write_text(TRIAL, encoding="utf-8")
    (tmp_path / "data").mkdir()
    port, done, words = free_port(), tmp_path / "done", tmp_path / "words.txt"
    surroundings = os.environ | {
        "BROKER": f"redis://127.0.0.1:{port}/0",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
    }
    command = [sys.executable, "-m", "celery", "-A", "trial", *WORKER, "-c", "2"]
    done.touch()
    with words.open("wb") as said:
        process = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=said, stderr=said)
    try:
        with valkey_in(tmp_path / "data", port) as the_broker:
            ask(surroundings, times=2)
            await_that(lambda: done.read_text().count("<") == 2)
            process.send_signal(signal.SIGSTOP)
            (tmp_path / "may-end").touch()
            await_that(lambda: done.read_text().count(">") == 2)
            the_broker.kill()
            the_broker.wait()
            process.send_signal(signal.SIGCONT)
            await_that(lambda: words.read_text().count("Couldn't ack") == 2)
        known = done.read_text()
        with valkey_in(tmp_path / "data", port):
            ask(surroundings, times=1)
            await_that(lambda: done.read_text() != known)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE)


def ask(surroundings: dict[str, str], *, times: int) -> None:
    words = f"import trial\nfor _ in range({times}): trial.work.apply_async(queue='send')"
    subprocess.run([sys.executable, "-c", words], env=surroundings, check=True)
