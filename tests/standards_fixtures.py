"""What a process remembers of the standards, brought back after each test to what the migrations planted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from cases import standards
from cases.models import calendar, service_level
from tests.plugin import commits, touches_database

_planted: dict[str, Any] = {}
_TABLES = "|".join(
    sorted(
        model._meta.db_table
        for module in (calendar, service_level)
        for model in vars(module).values()
        if hasattr(model, "_meta") and model.__module__ == module.__name__ and not model._meta.abstract
    )
)
_WRITES = re.compile(rf'(?:INSERT (?:OR IGNORE )?INTO|UPDATE|DELETE FROM) "?(?:{_TABLES})\b')


@pytest.fixture(autouse=True)
def remembered_standards(request: pytest.FixtureRequest) -> Iterator[None]:
    """
    Each test begins with those of the migrations, read once a run, and forgets them with its first write.

    A test may write past the services, and what it wrote is rolled back: no stamp would tell. What the test
    has had read itself is left to the stamp, as it is elsewhere.
    """
    standards.forget_standards()
    if not touches_database(request.node) or commits(request.node):
        yield
        return
    request.getfixturevalue("db")
    if not _planted:
        standards.present_standards()
        _planted.update(standards._remembered)
    standards._remembered.update(_planted)
    with connection.execute_wrapper(_forget_what_is_written):
        yield
    standards.forget_standards()


def _forget_what_is_written(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if _WRITES.match(sql) and standards._remembered == _planted:
        standards.forget_standards()
    return execute(sql, params, many, context)
