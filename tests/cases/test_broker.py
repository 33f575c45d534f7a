from __future__ import annotations

import socket
import time

import pytest
from celery import current_app
from django.conf import LazySettings

from cases import broker, waking
from cases.broker import REST, Kicker
from config.apps import wake_workers

CLOSED = "redis://127.0.0.1:1/0"


def test_without_a_broker_nothing_is_woken() -> None:
    kicker = Kicker()
    kicker.kick("cases.tasks.tick")
    assert kicker._thread is None
    assert wake_workers not in waking.WAKERS


def test_nobody_waits_for_a_broker_that_says_nothing(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand wake-ups are asked for before the first try to send one is given up."""
    monkeypatch.setattr(broker, "PATIENCE", 10)
    conf, before = current_app.conf, current_app.conf.broker_url
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings.REDIS_URL = conf.broker_url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        try:
            kicker = Kicker()
            for _event in range(1000):
                kicker.kick("cases.tasks.tick")
            deaf.settimeout(30)
            trying, _address = deaf.accept()
        finally:
            conf.broker_url = before
        assert kicker._quiet_until == 0
        trying.close()


def test_a_broker_that_is_away_is_left_alone_for_a_while(settings: LazySettings) -> None:
    settings.REDIS_URL = CLOSED
    kicker = Kicker()
    kicker._quiet_until = time.monotonic() + REST
    kicker.kick("cases.tasks.tick")
    assert kicker._thread is None
    assert not kicker._wanted


def test_the_length_of_queues_nobody_can_tell_is_none(settings: LazySettings) -> None:
    settings.REDIS_URL = CLOSED
    assert broker.queue_lengths() is None
