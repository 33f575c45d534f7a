"""Rows that are read with their lock, and what was joined to them, which is older than the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db import models

    from cases.models import Case


def locked(cases: models.QuerySet[Case], *, skip: bool = False) -> models.QuerySet[Case]:
    """
    These cases, each with its lock, in the order of their ids; ``skip`` leaves out those somebody else has.

    Whoever changes a case has this lock first. It does not wait for rows that refer to the case: a notice
    being written keeps no step waiting and lets no clock be passed over.
    """
    skip_locked = skip and connection.features.has_select_for_update_skip_locked
    return cases.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=skip_locked)


def forget_unmatched(row: models.Model, names: Iterable[str]) -> None:
    """
    Have these joined rows read when they are asked for, where the locked row has come to refer to others.

    Who waited for the lock of a row gets it as it is now, but beside it only what PostgreSQL had joined to
    its former version (READ COMMITTED): where it refers to another row since, nothing at all.
    """
    joined: dict[str, Any] = row._state.fields_cache
    for name in names:
        if name in joined and joined[name] is None and getattr(row, f"{name}_id") is not None:
            del joined[name]
