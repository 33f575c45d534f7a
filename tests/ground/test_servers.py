"""A password may hold any character, wherever the server is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu.utils.url import url_to_parts
from redis import ConnectionPool

from config.servers import with_password
from tools.bootstrap import ROOT

PASSWORDS = [
    "p@ss/w#1",
    "a?b&c=d",
    "%2F",
    "a:b@c:5432/d",
    "$HOME",
    "a+b c",
    "'\"\\",
    "密码",
    "[::1]",
    "-@dangerous",
]
POSTGRES = "postgres://bihuan@db.example.com:5432/bihuan"
REDIS = "redis://bihuan@db.example.com:6379/0"


def given(url: str, password: str) -> str:
    return with_password(url, password, named=("THE_URL", "THE_PASSWORD"))


@pytest.mark.parametrize("password", PASSWORDS)
def test_who_reads_the_address_finds_the_password_as_it_was(password: str) -> None:
    database = environ.Env.db_url_config(given(POSTGRES, password))
    assert (database["USER"], database["PASSWORD"]) == ("bihuan", password)
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.com", 5432, "bihuan")
    parts = url_to_parts(given(REDIS, password))
    assert (parts.hostname, parts.port, parts.username, parts.password) == (
        "db.example.com",
        6379,
        "bihuan",
        password,
    )
    assert ConnectionPool.from_url(given(REDIS, password)).connection_kwargs["password"] == password


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite:////tmp/a@b/x.sqlite3",
        "memory://",
        "postgres://bihuan:other@db.example.com/bihuan",
        "redis://:other@db.example.com/0",
    ],
)
def test_what_has_a_password_or_needs_none_stays(url: str) -> None:
    assert given(url, "secret") == url
    assert given(POSTGRES, "") == POSTGRES


def test_a_user_is_not_needed() -> None:
    assert given("redis://db.example.com:6379/0", "x/y") == "redis://:x%2Fy@db.example.com:6379/0"
    assert given("postgresql://bihuan@/bihuan", "x") == "postgresql://bihuan:x@/bihuan"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://bihuan:p@ss/w#1@127.0.0.1:5432/bihuan",
        "postgres://bihuan:12/3@127.0.0.1:5432/bihuan",
        "postgres://bihuan:a?b@127.0.0.1:5432/bihuan",
        "redis://:a#b@127.0.0.1:6379/0",
    ],
)
def test_an_address_that_would_be_read_as_another_is_refused_with_the_way_out(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="THE_URL cannot be read.*THE_PASSWORD") as caught:
        given(url, "")
    assert "w#1" not in str(caught.value)


ASKS = (
    "import json, config.settings as s; print(json.dumps([s.DATABASES['default']['PASSWORD'], s.REDIS_URL]))"
)


def settings_with(folder: Path, asks: str = ASKS, **variables: str) -> subprocess.CompletedProcess[str]:
    surroundings = os.environ | {"VAR_DIR": str(folder), "DATABASE_URL": POSTGRES} | variables
    words = [sys.executable, "-c", asks]
    return subprocess.run(words, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)


def test_the_settings_read_the_passwords_beside_the_addresses(tmp_path: Path) -> None:
    said = settings_with(tmp_path, POSTGRES_PASSWORD="$a/b?c", REDIS_URL=REDIS, REDIS_PASSWORD="$d#e")
    assert json.loads(said.stdout) == ["$a/b?c", "redis://bihuan:%24d%23e@db.example.com:6379/0"]


def test_sqlite_queues_its_writers_wherever_it_lies(tmp_path: Path) -> None:
    asks = "import json, config.settings as s; print(json.dumps(s.DATABASES['default']['OPTIONS']))"
    for url in ("", f"sqlite:///{tmp_path}/elsewhere.sqlite3"):
        options = json.loads(settings_with(tmp_path, asks, DATABASE_URL=url).stdout)
        assert options["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in options["init_command"]


def test_the_settings_say_which_variable_is_wrong(tmp_path: Path) -> None:
    said = settings_with(tmp_path, DATABASE_URL="postgres://bihuan:a/b@127.0.0.1/bihuan")
    assert said.stderr.splitlines()[-1].startswith(
        "django.core.exceptions.ImproperlyConfigured: DATABASE_URL"
    )
