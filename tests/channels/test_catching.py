"""``OUTGOING=catch``: nothing leaves the machine, and everything can be read in a folder."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest

from cases.channels.base import PermanentFailure
from cases.channels.catching import caught_text
from cases.channels.delivery import deliver
from tests.channels.letters import KEY, letter


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.OUTGOING, settings.OUTGOING_FOLDER = "catch", tmp_path / "outbox"
    return tmp_path / "outbox"


def test_a_mail_is_a_file_that_a_mail_program_opens(folder: Path) -> None:
    deliver(letter("email", "anna@example.com"))
    (file,) = folder.iterdir()
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert (file.suffix, message["To"], message["Subject"]) == (
        ".eml",
        "anna@example.com",
        "工单 CS20240101001",
    )
    assert "请在今天联系客户。" in caught_text(KEY) or "base64" in caught_text(KEY)


@pytest.mark.parametrize("channel", ["sms", "wecom", "dingtalk", "feishu", "webhook"])
def test_anything_else_is_json_without_the_secrets(channel: str, folder: Path) -> None:
    to = "+8613812345678" if channel == "sms" else "https://robot.example/send?key=hidden"
    deliver(letter(channel, to, url="https://sms.example/?k=hidden", secret="hidden", facts={"case": "CS1"}))
    (file,) = folder.iterdir()
    said = json.loads(file.read_text())
    assert (said["text"], said["case"], said["channel"]) == ("请在今天联系客户。", "CS1", channel)
    assert "hidden" not in file.read_text()
    assert caught_text(KEY) == file.read_text()


def test_another_attempt_replaces_the_file(folder: Path) -> None:
    for body in ("first", "second"):
        deliver(letter("sms", "+8613812345678", body=body))
    assert len(list(folder.iterdir())) == 1
    assert "second" in caught_text(KEY)


def test_the_folder_is_nobody_elses_business(folder: Path) -> None:
    deliver(letter("sms", "+8613812345678"))
    assert folder.stat().st_mode & 0o077 == 0


def test_what_could_not_be_sent_cannot_be_caught(folder: Path) -> None:
    with pytest.raises(PermanentFailure, match="bad_address"):
        deliver(letter("email", "nobody"))


def test_nothing_caught_is_nothing_to_read(folder: Path) -> None:
    assert caught_text(KEY) == ""
