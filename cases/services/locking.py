"""Rows that are read with their lock: what was joined to them is older than the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db import models


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
