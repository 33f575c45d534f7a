"""Writing down what has happened already, although the database goes away for a while."""

from __future__ import annotations

import logging
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from django.db import InterfaceError, OperationalError, connection

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

AWAY = (OperationalError, InterfaceError)
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds
NEVER = Event()  # waiting for it is a pause

log = logging.getLogger(__name__)


def insist(
    write: Callable[[], Result], *, until: float, wait: Callable[[float], object] = NEVER.wait
) -> Result:
    """
    What ``write`` returns, asked again on a fresh connection while the database is away.

    Raises what the database raised when ``until``, of the monotonic clock, has come; and at once inside a
    transaction, which is lost with its connection.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return write()
        except AWAY as error:
            if connection.in_atomic_block or monotonic() >= until:
                raise
            log.warning("the database is away, what was sent is marked later: %s", type(error).__name__)
            connection.close()
        wait(max(min(pause, until - monotonic()), 0))
        pause = min(2 * pause, LONGEST_PAUSE)
