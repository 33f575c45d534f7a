"""
The broker of the workers, where there is one: wake-ups sent by whoever must not wait for it.

A request or a transaction never waits for the broker: a thread of its own sends, and while the broker is away
what it should have sent is dropped. That is harmless, for a wake-up says nothing but "look now".
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from celery import current_app
from django.conf import settings
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

if TYPE_CHECKING:
    from kombu.connection import Connection

QUEUES = ("tick", "send", "heavy")
KEY_PREFIX = "case:"  # of all that is ours in the broker
EXPIRES = 30  # seconds after which a wake-up that nobody took means nothing
REST = 10  # seconds without a try when the broker did not answer
PATIENCE = 0.3  # seconds

log = logging.getLogger(__name__)

Wanted = tuple[str, tuple[str, ...]]


class Kicker:
    """Sends wake-ups from a thread that starts with the first; the same one asked for twice is sent once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: set[Wanted] = set()
        self._thread: threading.Thread | None = None
        self._quiet_until = 0.0

    def kick(self, task: str, *args: str) -> None:
        """Ask for this task, by its name, to be run now; returns at once and never fails."""
        if not settings.REDIS_URL or time.monotonic() < self._quiet_until:
            return
        with self._changed:
            self._wanted.add((task, args))
            # In a forked process the thread of the parent is not alive.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send_forever, name="kicker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _send_forever(self) -> None:
        while True:
            with self._changed:
                while not self._wanted:
                    self._changed.wait()
                wanted, self._wanted = self._wanted, set()
            try:
                self._send(wanted)
            except Exception as error:  # nobody is there to hear it, and the next wake-up may be sent
                self._quiet_until = time.monotonic() + REST
                log.warning("the broker does not answer, and is left alone for %s s: %s", REST, error)

    def _send(self, wanted: set[Wanted]) -> None:
        with _connection() as connection:
            for task, args in sorted(wanted):
                current_app.send_task(
                    task, args=args, expires=EXPIRES, ignore_result=True, retry=False, connection=connection
                )


def _connection() -> Connection:
    impatient = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "max_retries": 0,
        "interval_start": 0,
    }
    options = current_app.conf.broker_transport_options | impatient
    connection: Connection = current_app.connection_for_write(transport_options=options)
    return connection


kick = Kicker().kick


def queue_lengths() -> dict[str, int] | None:
    """Messages waiting in each queue; None when the broker does not answer."""
    client = Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with client.pipeline(transaction=False) as pipeline:
            for queue in QUEUES:
                pipeline.llen(f"{KEY_PREFIX}{queue}")
            return dict(zip(QUEUES, pipeline.execute(), strict=True))
    except RedisError:
        return None
    finally:
        client.close()
