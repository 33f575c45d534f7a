"""Writing many rows in one statement: each with its own values, on both databases."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models
from django.db.models import F
from django.utils.duration import duration_microseconds

from cases.models import Case

Item = TypeVar("Item")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in their order, so many at a time."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def update_rows(model: type[models.Model], rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """
    Write these fields of these rows, which exist: one statement on PostgreSQL, a few elsewhere.

    Nothing else of the rows is touched, and no condition is asked: hold their lock.
    """
    if not rows:
        return
    if connection.vendor == "postgresql":
        _update_from_arrays(model, rows, names)
    else:
        model._default_manager.bulk_update(rows, names, batch_size=100)


def _update_from_arrays(
    model: type[models.Model], rows: Sequence[models.Model], names: Sequence[str]
) -> None:
    """``bulk_update`` writes a CASE for each row and field, which PostgreSQL takes long to read."""
    key: Any = model._meta.pk
    fields = [key, *(model._meta.get_field(name) for name in names)]
    types = [str(field.rel_db_type(connection)) for field in fields]
    columns = [f'"{field.column}"' for field in fields]
    arrays = [_array([_text(field, getattr(row, field.attname)) for row in rows]) for field in fields]
    given = ", ".join(f"%s::{type_}[]" for type_ in types)
    changes = ", ".join(f"{column} = given.{column}" for column in columns[1:])
    table = model._meta.db_table
    statement = (
        f"UPDATE {table} SET {changes} FROM unnest({given}) AS given ({', '.join(columns)}) "
        f"WHERE {table}.{columns[0]} = given.{columns[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)


def _array(values: Iterable[str | None]) -> str:
    """An array as PostgreSQL reads it; for long ones much quicker than the driver's own."""
    quoted = (
        "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value in values
    )
    return "{" + ",".join(quoted) + "}"


def _text(field: models.Field[Any, Any], value: Any) -> str | None:
    """A value as PostgreSQL reads it in text."""
    match field.get_prep_value(value):
        case None:
            return None
        case timedelta() as span:
            return f"{duration_microseconds(span)} microseconds"
        case _ if isinstance(field, models.JSONField):
            return json.dumps(value, cls=field.encoder)
        case prepared:
            return str(prepared)


def add_to_versions(added: Mapping[int, int]) -> None:
    """Count so many new events into the versions of these locked cases: a statement for each number."""
    by_number: dict[int, list[int]] = defaultdict(list)
    for case_id, number in added.items():
        by_number[number].append(case_id)
    for number, case_ids in by_number.items():
        Case.objects.filter(pk__in=case_ids).update(version=F("version") + number)
