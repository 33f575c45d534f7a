"""
What time it is: by the clock of the database, which is the same for every process.

SQLite has no clock but that of the process that asks. ``settings.CLOCK = "process"`` takes that one on
PostgreSQL too, so that a test can travel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField, Func, Value
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models.expressions import Combinable


def database_now() -> datetime:
    """The present moment, aware, in UTC; one statement on PostgreSQL."""
    if not _asks_database():
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def database_clock() -> Combinable:
    """The same as an expression of a query."""
    if _asks_database():
        return Func(function="clock_timestamp", output_field=DateTimeField())
    return Value(timezone.now(), output_field=DateTimeField())


def _asks_database() -> bool:
    return settings.CLOCK == "database" and connection.vendor == "postgresql"
