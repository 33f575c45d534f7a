"""
Many rows of one table in one go: COPY on PostgreSQL, one prepared INSERT elsewhere.

For rows that are made by thousands and whose instances nobody needs. The database's own rules hold all the
same.
"""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models
from django.utils import timezone
from django.utils.duration import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Row = TypeVar("Row", bound=models.Model)

MANY = 50  # rows from which on COPY is worth its statements
# The trigger that watches the chain of events joins each batch to all events there are; only by index does
# that stay quick in a large table, and the planner, who cannot know the batch, would rather read it all.
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"

# The name of the sequence is looked up once, not for each row.
RESERVE = """
    WITH sequence AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name)
    SELECT nextval(sequence.name) FROM sequence, generate_series(1, %s)
"""


def insert_rows(
    model: type[models.Model], rows: Iterable[Mapping[str, Any]], *, with_ids: bool = False
) -> None:
    """
    Add rows given as values by attribute name (``case_id``, not ``case``); what is left out has its default.

    Call inside a transaction. Ids are given by the database and not told, unless the rows bring them
    (``reserve_ids``). Raises Django's IntegrityError for rows the database refuses.
    """
    fields = [field for field in model._meta.concrete_fields if with_ids or not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = _values(fields, rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(BY_INDEX)
            statement = f"COPY {model._meta.db_table} ({columns}) FROM STDIN"
            # The driver's own COPY is not wrapped by Django: without this its errors are of no known kind.
            with connection.wrap_database_errors, cursor.copy(statement) as sink:
                for row in values:
                    sink.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            statement = f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})"
            cursor.executemany(statement, list(values))


def without_key(row: Row) -> Row:
    """
    A copy that ``bulk_create(update_conflicts=True)`` finds by what else is unique in it; rows that have
    their keys Django writes in a statement of their own.
    """
    found = copy(row)
    found.pk = None
    return found


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """
    So many ids for rows that this transaction adds, ascending; nobody else is given them.

    On SQLite, whose transactions write one after the other, the transaction must be a writing one.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(RESERVE, [table, count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        last: int = cursor.fetchone()[0]
        return list(range(last + 1, last + 1 + count))


def values_of(row: models.Model) -> dict[str, Any]:
    """The values of an instance as ``insert_rows`` takes them; its primary key is given by the database."""
    fields = (field for field in row._meta.concrete_fields if not field.primary_key)
    return {field.attname: getattr(row, field.attname) for field in fields}


def _values(fields: list[Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """The values of each row in the order of the fields, as the driver takes them."""
    adapters = {field.attname: (position, _adapter(field)) for position, field in enumerate(fields)}
    defaults = [_adapted_default(field) for field in fields]
    for row in rows:
        values = defaults.copy()
        for name, value in row.items():
            position, adapt = adapters[name]
            values[position] = adapt(value) if adapt and value is not None else value
        yield values


def _adapted_default(field: Any) -> Any:
    value = timezone.now() if getattr(field, "auto_now_add", False) else field.get_default()
    adapt = _adapter(field)
    return adapt(value) if adapt and value is not None else value


def _adapter(field: Any) -> Callable[[Any], Any] | None:
    """How the driver takes a value; choices become the plain text they stand for."""
    if isinstance(field, models.JSONField):
        return json.dumps
    if isinstance(field, models.DateTimeField):
        return None if connection.vendor == "postgresql" else connection.ops.adapt_datetimefield_value
    if isinstance(field, models.CharField | models.TextField):
        return str
    if isinstance(field, models.DurationField) and connection.vendor != "postgresql":
        return duration_microseconds
    return None
