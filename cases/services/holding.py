"""One that cannot be worked on keeps no other waiting: it is found, and held back with its error."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, OperationalError, connection

from cases.clock import database_now
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db import models

Item = TypeVar("Item")
Result = TypeVar("Result")

FIRST_HOLD, LONGEST_HOLD = timedelta(seconds=30), timedelta(hours=1)
LONGEST_ERROR = 2000  # characters
DOUBLINGS = 10  # more would not fit the longest hold

log = logging.getLogger(__name__)


def by_halves(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Result],
    give_up: Callable[[Item, Exception], None],
) -> list[Result]:
    """
    What ``work``, which is one transaction, returns for all items or, where it fails, for smaller halves.

    ``give_up`` is told of each item that fails alone. Raises what it raises, and that the time of a task is
    over.
    """
    try:
        return [_patiently(work, items)]
    except SoftTimeLimitExceeded:  # no fault of an item
        raise
    except Exception as error:  # whatever it is, it belongs to one item and must not stop the others
        if len(items) == 1:
            give_up(items[0], error)
            return []
        halves = batched(items, (len(items) + 1) // 2)
        return [result for half in halves for result in by_halves(half, work, give_up)]


def _patiently(work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Result:
    """Once more after a deadlock or a lock not given in time, which say nothing about the items."""
    try:
        return work(items)
    except OperationalError:
        if not connection.is_usable():
            raise
        return work(items)


def hold(rows: models.QuerySet[Any], error: Exception) -> None:
    """
    Keep these rows back: 30 s, then twice as long each time, at most an hour.

    They have ``attempts``, ``held_until`` and ``error``. Raises the error itself where the database is away,
    for then nothing is wrong with the rows.
    """
    if isinstance(error, DatabaseError) and not connection.is_usable():
        raise error
    held = list(rows)
    log.error(
        "%s %s could not be worked on: %s",
        rows.model._meta.model_name,
        ", ".join(str(row.pk) for row in held),
        type(error).__name__,
        exc_info=error,
    )
    now, words = database_now(), f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    for row in held:
        delay = min(FIRST_HOLD * 2 ** min(row.attempts, DOUBLINGS), LONGEST_HOLD)
        row.held_until, row.attempts, row.error = now + delay, row.attempts + 1, words
    rows.model._default_manager.bulk_update(held, ["held_until", "attempts", "error"])
