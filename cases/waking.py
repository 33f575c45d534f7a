"""
Telling whoever works on what is due that there is something, without knowing who that is.

A wake-up is a courtesy: what is due is always read from rows, so a lost one costs at most one tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WAKERS: list[Callable[[], None]] = []


def wake() -> None:
    """Call everyone who asked for it (``WAKERS``); for ``transaction.on_commit(wake, robust=True)``."""
    for waker in WAKERS:
        waker()
