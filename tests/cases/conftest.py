from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def database_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that a test starts work on the database of the tests."""
    given = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    monkeypatch.setenv("DATABASE_URL", given._replace(path=f"/{name}").geturl())
