from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from structlog.testing import capture_logs

from config.structured_logging import RequestRecordMiddleware, without_tokens
from tests.gateways import HttpGateway, Talk

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import logging, sys, django
django.setup()
from cases.channels import http
logging.getLogger("cases").warning("asked")
print(http.get(sys.argv[1]).status)
"""


def test_a_request_is_recorded_without_what_was_searched_for(rf: RequestFactory) -> None:
    path = RequestRecordMiddleware.format_request(rf.get("/admin/cases/case/", {"q": "13800000000"}))
    assert path == "GET /admin/cases/case/"


@pytest.mark.django_db
def test_no_record_of_a_request_holds_a_phone_number_or_an_address(client: Client) -> None:
    with capture_logs() as lines:
        client.get("/admin/", {"q": "13800000000"}, REMOTE_ADDR="203.0.113.7")
    assert lines
    assert not any("13800000000" in str(line) or "203.0.113.7" in str(line) for line in lines)


@pytest.mark.parametrize(
    "written",
    [
        "GET /c/Ab3Ab3/",
        "GET //c//Ab3Ab3/",
        "text=https%3A%2F%2Fcases.example.com%2Fc%2FAb3Ab3%2F&phone=1",
        "text=https%3a%2f%2fcases.example.com%2fc%2fAb3Ab3",
        "/C%2F/Ab3Ab3?x",
    ],
)
def test_a_customers_link_is_recorded_without_its_token_however_it_is_written(written: str) -> None:
    assert "Ab3" not in without_tokens(written)
    assert without_tokens(written).partition("…")[0] == written.partition("Ab3")[0]


def test_what_is_asked_of_a_gateway_is_not_recorded_by_the_library_that_asks(
    gateway: HttpGateway, tmp_path: Path
) -> None:
    """A phone number, a text, a key: an answer with a broken header made urllib3 write the whole address."""
    gateway.behave(broken_header)
    said = subprocess.run(
        [sys.executable, "-c", ASK, f"{gateway.url}?phone=13800000000&key=robot"],
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "config.settings", "VAR_DIR": str(tmp_path)}
        | {"OUTGOING_ALLOW": gateway.address},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (said.stdout, '"event": "asked"' in said.stderr) == ("200\n", True)
    assert "phone" not in said.stderr


def broken_header(talk: Talk) -> None:
    talk.handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno header at all\r\n\r\n")
