"""The site while its database is away, asked in a process of its own that never had one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from config.outage import answer_failure
from tools.bootstrap import ROOT

ASK = """
import json, sys, time
import django
django.setup()
from django.conf import settings
from django.test import Client
client = Client(raise_request_exception=False, SERVER_NAME="127.0.0.1")
client.cookies[settings.SESSION_COOKIE_NAME] = "somebodyssession"
answers = []
for path in sys.argv[1:]:
    began = time.monotonic()
    answer = client.get(path, headers={"accept-language": "en"})
    page = b"".join(answer) if answer.streaming else answer.content
    answers.append({"path": path, "status": answer.status_code, "seconds": time.monotonic() - began,
                    "retry": answer.headers.get("Retry-After"), "page": page.decode(),
                    "headers": dict(answer.headers)})
print(json.dumps(answers))
"""
PAGES = [
    "/admin/",
    "/admin/cases/case/",
    "/admin/login/",
    "/status",
    "/c/sometokenthatleadsnowhere/",
    "/nowhere",
]


def ask(database: str, *paths: str) -> list[dict[str, Any]]:
    surroundings = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    result = subprocess.run(
        [sys.executable, "-c", ASK, *paths],
        cwd=ROOT,
        env=surroundings,
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    return ask("postgres://nobody@127.0.0.1:1/nothing", *PAGES)


def test_every_page_says_that_it_is_away_and_when_to_come_back(answers: list[dict[str, Any]]) -> None:
    assert [(answer["path"], answer["status"]) for answer in answers] == [(path, 503) for path in PAGES]
    assert {answer["retry"] for answer in answers} == {"10"}


def test_no_page_shows_a_trace(answers: list[dict[str, Any]]) -> None:
    for answer in answers:
        assert "Traceback" not in answer["page"]
        assert "127.0.0.1" not in answer["page"]
        of_customer = answer["path"].startswith("/c/")
        words = "Out of order for a moment" if of_customer else "The service is away for a moment"
        assert words in answer["page"]


def test_the_link_of_a_customer_is_told_nobody_while_it_is_away(answers: list[dict[str, Any]]) -> None:
    answer = next(one for one in answers if one["path"].startswith("/c/"))
    assert answer["headers"]["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["headers"]["Cache-Control"]
    assert "default-src 'none'" in answer["headers"]["Content-Security-Policy"]
    assert "<a " not in answer["page"]
    assert "暂时无法使用" in answer["page"]


def test_who_sent_an_answer_is_told_to_send_it_again() -> None:
    request = RequestFactory().post("/c/sometoken/")
    for error, status in ((OperationalError("away"), 503), (ValueError("a mistake of ours"), 500)):
        try:
            raise error
        except (OperationalError, ValueError):
            response = answer_failure(request)
        assert response.status_code == status
        assert "so that your answer is sent once more" in response.content.decode()


def test_the_process_says_that_it_lives_and_is_not_ready() -> None:
    alive, ready = ask("postgres://nobody@127.0.0.1:1/nothing", "/healthz", "/readyz")
    assert (alive["status"], ready["status"]) == (200, 503)
    assert ready["retry"] == "10"


def test_a_database_that_never_answers_is_given_up_within_five_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        for answer in ask(f"postgres://nobody@127.0.0.1:{port}/nothing", "/admin/", "/readyz"):
            assert answer["status"] == 503
            assert answer["seconds"] < 5
