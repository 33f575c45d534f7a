"""A first record of rows planted set-wise: without it, nobody could read what their first change replaced."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

PREFIX = "Historical"  # of the models that keep the records
TYPE, ADDED = "history_type", "+"
BATCH = 1000  # rows of one statement


def ensure_first_records(apps: Any, *names: str, by: int | None = None) -> int:
    """
    Record as added now each row of these models of which there is no record yet.

    By this member of staff (an id), or the system. Without a name, of every model that keeps records; roles
    and teams of people, of whom a new installation has none, are left out. Returns how many; ``apps`` is the
    registry of models.
    """
    return sum(_record(apps, name, by) for name in names or _recorded(apps))


def _recorded(apps: Any) -> list[str]:
    """Models with a model of records beside them; those of many-to-many rows belong to another's record."""
    models = apps.get_app_config("cases").get_models()
    keepers = [model for model in models if any(field.name == TYPE for field in model._meta.fields)]
    return [model.__name__.removeprefix(PREFIX) for model in keepers]


def _record(apps: Any, name: str, by: int | None) -> int:
    rows = apps.get_model("cases", name).objects
    records = apps.get_model("cases", f"{PREFIX}{name}").objects
    shared = {field.attname for field in rows.model._meta.fields}
    shared &= {field.attname for field in records.model._meta.fields}
    unrecorded = rows.exclude(pk__in=records.values("id")).order_by("pk")
    first = {TYPE: ADDED, "history_date": timezone.now(), "history_user_id": by}
    rows_of_records = (records.model(**row, **first) for row in unrecorded.values(*shared))
    return len(records.bulk_create(rows_of_records, batch_size=BATCH))
