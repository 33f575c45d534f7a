"""A deadline in a year whose holidays nobody has announced is said in the log: once, not for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.models import Timer
    from cases.standards import Standards

log = logging.getLogger(__name__)
_said: set[tuple[int, int]] = set()


def warn_of_unannounced(standards: Standards, rows: Iterable[Timer]) -> None:
    """
    Warn of clocks that reach into a year their calendar does not know, once a calendar and year.

    Such a deadline may move when the holidays are announced.
    """
    for row in rows:
        if row.calendar_id is None or row.due_at is None:
            continue
        known = standards.announced.get(row.calendar_id)
        if known is None:
            continue
        year = standards.calendar(row.calendar_id).year_of(row.due_at)
        reached = (row.calendar_id, year)
        if year not in known and reached not in _said:
            _said.add(reached)
            log.warning(
                "holidays of %s are not announced in calendar %s: deadlines may move", *reversed(reached)
            )
