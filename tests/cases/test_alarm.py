"""The ticker tells when nobody has worked on the clocks for a minute, and when somebody does again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.db import OperationalError, connection

from cases.alarm import AGAIN_AFTER, TickAlarm
from cases.services.health import LATE_AFTER, sign_of_life
from tests.gateway_fixtures import use_mail_server
from tests.gateways import free_port

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def letters(settings: LazySettings, tmp_path: Path) -> Path:
    settings.OUTGOING, settings.OUTGOING_FOLDER = "catch", tmp_path
    settings.ALARM_TO = ["operator@example.com", "night@example.com"]
    return tmp_path


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-09-16T01:00:00Z", tick=False) as traveller:
        yield traveller


def a_minute_passes(alarm: TickAlarm) -> None:
    """By the monotonic clock, which nothing turns on."""
    alarm.well_at -= LATE_AFTER + 1


def mails(folder: Path) -> list[str]:
    return sorted(path.read_text(encoding="utf-8") for path in folder.glob("*.eml"))


def test_the_alarm_is_raised_once_and_called_off_once(
    letters: Path, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    alarm = TickAlarm()
    sign_of_life("tick")
    alarm.look()
    clock.shift(MINUTE)
    alarm.look()
    assert mails(letters) == []

    clock.shift(MINUTE)
    a_minute_passes(alarm)
    for _look in range(3):
        alarm.look()
    raised = mails(letters)
    assert len(raised) == 2
    assert all("/status" in mail for mail in raised)
    assert "nobody has worked on the clocks" in caplog.text

    sign_of_life("tick")
    for _look in range(3):
        alarm.look()
    assert len(mails(letters)) == 4


@pytest.mark.parametrize(("seconds", "told"), [(LATE_AFTER - 1, 0), (LATE_AFTER + 1, 2)])
def test_the_alarm_comes_a_minute_after_the_last_tick(
    letters: Path, clock: time_machine.Traveller, seconds: int, told: int
) -> None:
    alarm = TickAlarm()
    a_minute_passes(alarm)
    sign_of_life("tick")
    clock.shift(timedelta(seconds=seconds))
    alarm.look()
    assert len(mails(letters)) == told


def test_whom_no_mail_reached_is_told_later(letters: Path, settings: LazySettings) -> None:
    settings.OUTGOING = "send"
    use_mail_server(settings, free_port())
    alarm = TickAlarm()
    a_minute_passes(alarm)
    alarm.look()
    settings.OUTGOING = "catch"
    alarm.look()
    assert mails(letters) == []

    for told in (1, 2, 2):
        alarm.again_at -= AGAIN_AFTER
        alarm.look()
        assert len(mails(letters)) == told


def test_an_address_that_is_none_is_not_tried_again(letters: Path, settings: LazySettings) -> None:
    settings.OUTGOING, settings.ALARM_TO = "send", ["nobody"]
    alarm = TickAlarm()
    a_minute_passes(alarm)
    alarm.look()
    assert alarm.raised
    assert alarm.untold == []


def test_who_has_just_begun_waits_a_minute_before_the_alarm(letters: Path) -> None:
    alarm = TickAlarm()
    alarm.look()
    assert mails(letters) == []
    a_minute_passes(alarm)
    alarm.look()
    assert len(mails(letters)) == 2


def test_the_alarm_needs_no_database(letters: Path) -> None:
    def away(*_statement: object) -> None:
        raise OperationalError("connection refused")

    alarm = TickAlarm()
    a_minute_passes(alarm)
    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        alarm.look()
    assert len(mails(letters)) == 2
