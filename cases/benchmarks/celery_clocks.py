"""
Clocks as tasks with a moment (ETA) of Celery: what one would take who kept no rows for them.

An application of its own, so that its worker (`celery -A cases.benchmarks.celery_clocks`) gets no other work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

import django
from celery import Celery
from django.apps import apps
from django.conf import settings
from redis import Redis

if not apps.ready:  # a worker begins here
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from cases.benchmarks.plain_clocks import fire_alone
from cases.models import Timer

QUEUE = "bench-clocks"
HEAD_START = 10  # seconds for a worker to start and fetch what is due later
SENT_A_SECOND = 250  # at least, on a slow machine
PATIENCE = 600  # seconds

# Not the current application: whoever imports this goes on sending to the workers of the product.
app = Celery("bench", broker=settings.REDIS_URL or "memory://", set_as_current=False)
app.conf.update(task_default_queue=QUEUE, task_ignore_result=True, worker_hijack_root_logger=False)


@app.task(name="bench.fire")  # type: ignore[untyped-decorator]  # Celery has no types
def fire(pk: int) -> None:
    fire_alone(pk)


def run_tasks(pks: Sequence[int]) -> float:
    """Clocks a second from their moment until the last is worked on. Raises TimeoutError."""
    with _worker():
        due = datetime.now(UTC) + timedelta(seconds=HEAD_START + len(pks) / SENT_A_SECOND)
        with app.connection_for_write() as connection:
            for pk in pks:
                fire.apply_async((pk,), eta=due, connection=connection)
        begun = max(datetime.now(UTC), due)
        _await(pks)
        return round(len(pks) / (datetime.now(UTC) - begun).total_seconds())


def _await(pks: Sequence[int]) -> None:
    deadline = monotonic() + PATIENCE
    left = list(pks)
    while left:
        if monotonic() > deadline:
            raise TimeoutError(f"{len(left)} clocks were not worked on within {PATIENCE} s")
        sleep(0.2)
        left = list(Timer.objects.filter(pk__in=left, passed=0).values_list("pk", flat=True))


@contextmanager
def _worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "cases.benchmarks.celery_clocks", "worker"]
    options = ["--loglevel=ERROR", f"--queues={QUEUE}", "--without-gossip", "--without-mingle"]
    worker = subprocess.Popen([*command, *options], cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()
        Redis.from_url(settings.REDIS_URL).delete(QUEUE)
