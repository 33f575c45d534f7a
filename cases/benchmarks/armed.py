"""Very many clocks that are not due, made by the database itself and taken away again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection

from cases.choices import ClockKind
from cases.clock import database_now
from cases.models import Case, Timer
from cases.seeding.bulk import analyze, bulk_session

CYCLE = 900_000  # of no real clock
AHEAD = timedelta(days=1)


@contextmanager
def clocks(wanted: int) -> Iterator[int]:
    """Yield how many clocks are armed within the block: so many, or ten a case where cases are few."""
    cases = Case.objects.count()
    with bulk_session():
        for number, kind in enumerate(ClockKind.values[: -(-wanted // cases)]):
            _arm(kind, min(cases, wanted), ahead=AHEAD * (number + 1))
    analyze()
    try:
        yield Timer.objects.filter(next_at__gt=database_now()).count()
    finally:
        Timer.objects.filter(cycle=CYCLE)._raw_delete(using=connection.alias)
        analyze()


def _arm(kind: str, count: int, *, ahead: timedelta) -> None:
    """For so many cases, where no clock of the kind runs."""
    now = database_now()
    row = Timer(
        kind=kind,
        cycle=CYCLE,
        budget=ahead,
        started_at=now,
        running_since=now,
        due_at=now + ahead,
        next_percent=100,
        next_at=now + ahead,
    )
    given = [field for field in Timer._meta.concrete_fields if field.name not in ("id", "case")]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in given]
    columns = ", ".join(f'"{field.column}"' for field in given)
    marks = ", ".join(["%s"] * len(given))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO cases_timer (case_id, {columns}) SELECT id, {marks} FROM cases_case "
            "WHERE true ORDER BY id LIMIT %s ON CONFLICT DO NOTHING",
            [*values, count],
        )
