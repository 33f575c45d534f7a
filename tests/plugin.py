"""Which tests run where, and what the run says about those left out."""

from __future__ import annotations

import gc
import os

import hypothesis
import pytest
from django.conf import settings

from tests.browser_binary import CHROMIUM, HOW_TO_GET_CHROMIUM

_DATABASE_FIXTURES = {"db", "admin_client", "admin_user", "django_assert_num_queries"}
_COMMITTING_FIXTURES = {"transactional_db", "live_server", "django_db_serialized_rollback"}

SLOW_IS_FINE = [hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large]
hypothesis.settings.register_profile("usual", deadline=None, suppress_health_check=SLOW_IS_FINE)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("usual"), max_examples=100_000
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


class _LongFirst:
    """What takes minutes begins first: begun last, one process would work on while the others are done."""

    @pytest.hookimpl(trylast=True)  # after the order was drawn
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: looking for garbage in it took a tenth."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_LongFirst(), "long-first")


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by mark: a mark set later would choose nothing
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs on both databases; leave out what this run's database or machine cannot carry."""
    for item in items:
        if touches_database(item) and not commits(item) and not _belongs_to_one(item):
            item.add_marker(pytest.mark.both_databases)
        if item.get_closest_marker("browser") and CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium"))
        if item.get_closest_marker("postgresql") and not _on_postgresql():
            item.add_marker(pytest.mark.skip(reason="holds only on PostgreSQL"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any("no Chromium" in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(HOW_TO_GET_CHROMIUM)


def touches_database(item: pytest.Item) -> bool:
    """By mark or fixture."""
    fixtures = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(fixtures & _DATABASE_FIXTURES)


def _belongs_to_one(item: pytest.Item) -> bool:
    """PostgreSQL alone, or what is asked has nothing to do with the database."""
    return bool(item.get_closest_marker("postgresql") or item.get_closest_marker("one_database"))


def commits(item: pytest.Item) -> bool:
    """Whether its rows are there for other connections too, and are cleared away afterwards."""
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(fixtures & _COMMITTING_FIXTURES) or bool(marker and marker.kwargs.get("transaction"))


def _on_postgresql() -> bool:
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]
