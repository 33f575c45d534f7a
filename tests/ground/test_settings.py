from __future__ import annotations

import stat
from pathlib import Path

from django.test import Client

from config.secrets import read_or_make_secret_key


def test_secret_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    first = read_or_make_secret_key(path)
    assert read_or_make_secret_key(path) == first
    assert len(first) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_browser_that_asks_for_an_icon_gets_one(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"] == "/static/bihuan/favicon.svg"
