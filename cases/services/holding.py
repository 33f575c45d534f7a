"""Rows that could not be worked on are held back for a growing time, with their error, and block no other."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection

from cases.clock import database_now

if TYPE_CHECKING:
    from django.db import models

FIRST_HOLD, LONGEST_HOLD = timedelta(seconds=30), timedelta(hours=1)
LONGEST_ERROR = 2000  # characters
DOUBLINGS = 10  # more would not fit the longest hold

log = logging.getLogger(__name__)


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
