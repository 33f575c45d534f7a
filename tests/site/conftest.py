from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.site.world import World, make_world


@pytest.fixture(scope="module")
def founded_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for the tests of a file, in a transaction around theirs: making it takes longer than most."""
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around.__enter__()
        world = make_world()
    yield world
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture
def world(founded_world: World, db: None) -> World:
    """As it was founded, whatever the tests before have done to it."""
    return deepcopy(founded_world)
