"""What was sent is written down although the database is away: again and again, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest
from django.db import DataError, InterfaceError, OperationalError, transaction

from cases.notices.insisting import FIRST_PAUSE, LONGEST_PAUSE, insist


def failing_with(*errors: Exception) -> Callable[[], str]:
    """Raises these, one each time it is called, and then succeeds."""
    left = list(errors)

    def write() -> str:
        if left:
            raise left.pop(0)
        return "written"

    return write


def no_pause(seconds: float) -> None:
    pytest.fail("a pause that leads to nothing")


def test_a_write_is_tried_until_the_database_is_back() -> None:
    pauses: list[float] = []
    away = [OperationalError("server closed"), *[InterfaceError("connection already closed")] * 9]
    assert insist(failing_with(*away), until=monotonic() + 60, wait=pauses.append) == "written"
    assert len(pauses) == 10
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == LONGEST_PAUSE


def test_when_its_time_is_over_the_failure_is_raised() -> None:
    with pytest.raises(OperationalError):
        insist(failing_with(OperationalError("away")), until=monotonic(), wait=no_pause)


def test_no_pause_is_longer_than_the_time_that_is_left() -> None:
    pauses: list[float] = []
    insist(failing_with(OperationalError("away")), until=monotonic() + 0.02, wait=pauses.append)
    assert 0 <= pauses[0] <= 0.02


def test_what_another_attempt_would_not_mend_is_raised_at_once() -> None:
    with pytest.raises(DataError):
        insist(failing_with(DataError("too long")), until=monotonic() + 60, wait=no_pause)


@pytest.mark.django_db
def test_a_transaction_is_lost_with_its_connection() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        insist(failing_with(OperationalError("away")), until=monotonic() + 60, wait=no_pause)
