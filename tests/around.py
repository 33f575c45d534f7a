"""Rows made once for the tests of a file, each of which begins with them and leaves them as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import transaction
from pytest_django import DjangoDbBlocker

Made = TypeVar("Made")


@contextmanager
def made_around(blocker: DjangoDbBlocker, make: Callable[[], Made]) -> Iterator[Made]:
    """
    What ``make`` returns, in a transaction around those of the tests; for a fixture of the scope of a module.

    The fixture asks for ``django_db_setup``; no test of the file may commit. Instances are shared: whoever
    changes one takes a copy.
    """
    with blocker.unblock(), transaction.atomic():
        made = make()
        with blocker.block():
            yield made
        transaction.set_rollback(True)
