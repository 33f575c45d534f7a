"""The marks that decide which tests run on both databases."""

from __future__ import annotations

import pytest


def marked(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("both_databases") is not None


def test_a_pure_test_runs_once(request: pytest.FixtureRequest) -> None:
    assert not marked(request)


@pytest.mark.django_db
def test_a_test_of_the_database_runs_on_both(request: pytest.FixtureRequest) -> None:
    assert marked(request)


def test_asking_for_the_database_by_fixture_counts_too(request: pytest.FixtureRequest, db: None) -> None:
    assert marked(request)


@pytest.mark.one_database
@pytest.mark.django_db
def test_a_test_that_asks_for_words_runs_once(request: pytest.FixtureRequest) -> None:
    assert not marked(request)


@pytest.mark.django_db(transaction=True)
def test_a_test_that_commits_runs_on_postgresql_alone(request: pytest.FixtureRequest) -> None:
    assert not marked(request)
