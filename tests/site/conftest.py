from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from pytest_django import DjangoDbBlocker

from tests.around import made_around
from tests.site.world import World, make_world


@pytest.fixture(scope="module")
def founded_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Making it takes longer than most tests of it."""
    with made_around(django_db_blocker, make_world) as world:
        yield world


@pytest.fixture
def world(founded_world: World, db: None) -> World:
    """As it was founded, whatever the tests before have done to it."""
    return deepcopy(founded_world)
