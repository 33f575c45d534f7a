from __future__ import annotations

import pytest
from django.db import connection


@pytest.mark.django_db
def test_chinese_text_is_stored_and_folded_as_unicode() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT '投诉物流延迟'")
        assert cursor.fetchone() == ("投诉物流延迟",)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_waiting_request_is_let_go_before_the_browser_gives_up() -> None:
    with connection.cursor() as cursor:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        cursor.execute("SELECT current_setting(%s), current_setting(%s), current_setting(%s)", names)
        assert cursor.fetchone() == ("15s", "3s", "30s")


@pytest.mark.django_db
def test_sqlite_queues_writers_and_keeps_foreign_keys() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("speaks of SQLite")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone() == (2,)
