"""Writing many rows in one statement: each with its own values, on both databases."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection
from django.db.models import F

from cases.models import Case

Item = TypeVar("Item")

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.db import models


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
    arrays = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in fields
    ]
    given = ", ".join(f"%s::{type_}[]" for type_ in types)
    changes = ", ".join(f"{column} = given.{column}" for column in columns[1:])
    table = model._meta.db_table
    statement = (
        f"UPDATE {table} SET {changes} FROM unnest({given}) AS given ({', '.join(columns)}) "
        f"WHERE {table}.{columns[0]} = given.{columns[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)


def add_to_versions(added: Mapping[int, int]) -> None:
    """Count so many new events into the versions of these locked cases: a statement for each number."""
    by_number: dict[int, list[int]] = defaultdict(list)
    for case_id, number in added.items():
        by_number[number].append(case_id)
    for number, case_ids in by_number.items():
        Case.objects.filter(pk__in=case_ids).update(version=F("version") + number)
