"""Many rows in one statement: found by their keys, written each with its own values; on both databases."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import connection, models
from django.db.models import BooleanField, F, Func, Value
from django.utils.duration import duration_microseconds

from cases.models import Case

Item = TypeVar("Item")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class _Among(Func):
    output_field = BooleanField()
    arg_joiner = " = ANY(string_to_array("
    template = "%(expressions)s, ',')::bigint[])"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        joiner, template = " IN (SELECT value FROM json_each('[' || ", "%(expressions)s || ']'))"
        return self.as_sql(compiler, connection, arg_joiner=joiner, template=template, **context)


def among(name: str, keys: Iterable[int]) -> Func:
    """
    Whether the field is one of these keys, none of them None: ``filter(among("pk", pks))``.

    ``__in`` makes a parameter of each; with hundreds, Django and the driver take longer over them than the
    database over its rows. Here all are one. No keys are still asked for.
    """
    return _Among(F(name), Value(",".join(map(str, keys))))


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
    elif len(rows) == 1:  # as most are; bulk_update builds a CASE for every field
        fields: list[Any] = [model._meta.get_field(name) for name in names]
        values = {field.attname: getattr(rows[0], field.attname) for field in fields}
        model._default_manager.filter(pk=rows[0].pk).update(**values)
    else:
        model._default_manager.bulk_update(rows, names, batch_size=100)


def _update_from_arrays(
    model: type[models.Model], rows: Sequence[models.Model], names: Sequence[str]
) -> None:
    """``bulk_update`` writes a CASE for each row and field, which PostgreSQL takes long to read."""
    key: Any = model._meta.pk
    fields = [key, *(model._meta.get_field(name) for name in names)]
    # Without their lengths: a cast to varchar(9) would cut what is longer, and nobody would hear of it.
    types = [str(field.rel_db_type(connection)).partition("(")[0] for field in fields]
    columns = [f'"{field.column}"' for field in fields]
    arrays = [_array(field, [getattr(row, field.attname) for row in rows]) for field in fields]
    given = ", ".join(f"%s::{type_}[]" for type_ in types)
    changes = ", ".join(f"{column} = given.{column}" for column in columns[1:])
    table = model._meta.db_table
    statement = (
        f"UPDATE {table} SET {changes} FROM unnest({given}) AS given ({', '.join(columns)}) "
        f"WHERE {table}.{columns[0]} = given.{columns[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)


def _array(field: models.Field[Any, Any], values: Iterable[Any]) -> str:
    """Values of a field as PostgreSQL reads an array; of long ones much quicker than the driver's own."""
    write = _writer(field)
    return "{" + ",".join("NULL" if value is None else write(value) for value in values) + "}"


def _writer(field: models.Field[Any, Any]) -> Callable[[Any], str]:
    match field:
        case models.CharField() | models.TextField():
            return lambda value: _quoted(str(value))
        case models.JSONField():
            return lambda value: _quoted(json.dumps(value, cls=field.encoder))
        case models.DurationField():
            return lambda span: f"{duration_microseconds(span)} microseconds"
        case models.DateTimeField():
            return lambda moment: f'"{moment.isoformat()}"'
        case models.IntegerField() | models.ForeignKey():  # every key here is an integer
            return str
        case _:
            return lambda value: _quoted(str(field.get_prep_value(value)))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def add_to_versions(added: Mapping[int, int]) -> None:
    """Count so many new events into the versions of these locked cases: a statement for each number."""
    by_number: dict[int, list[int]] = defaultdict(list)
    for case_id, number in added.items():
        by_number[number].append(case_id)
    for number, case_ids in by_number.items():
        Case.objects.filter(among("pk", case_ids)).update(version=F("version") + number)
