from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation

pytest_plugins = ["tests.plugin", "tests.gateway_fixtures", "tests.standards_fixtures"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real record sheets, which are not part of this repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real record sheets are not here: {SHARED_DATA} does not exist")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Each test begins in the default language, whatever page the one before it has opened."""
    translation.activate(settings.LANGUAGE_CODE)
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def english(language: None) -> None:
    """For a test that reads what is said in the language of the source."""
    translation.activate("en")


@pytest.fixture(autouse=True, scope="session")
def media_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Uploads of the whole run land in a folder that pytest clears away."""
    folder = tmp_path_factory.mktemp("media")
    with override_settings(MEDIA_ROOT=folder):
        yield folder
