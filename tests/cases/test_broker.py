from __future__ import annotations

import time

import pytest
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


def test_nobody_waits_for_a_broker_that_is_away(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = CLOSED
    kicker = Kicker()
    began = time.monotonic()
    for _event in range(1000):
        kicker.kick("cases.tasks.tick")
    assert time.monotonic() - began < 0.5


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
