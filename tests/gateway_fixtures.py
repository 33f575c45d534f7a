"""Fixtures of the fake gateways, for whichever test sends something."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateways import HttpGateway, MailGateway


@pytest.fixture
def gateway(settings: Any) -> Iterator[HttpGateway]:
    """An HTTP server on loopback which the settings let pass, with little patience for it."""
    settings.OUTGOING_CONNECT_SECONDS, settings.OUTGOING_SECONDS = 0.3, 0.6
    with HttpGateway() as gateway:
        settings.OUTGOING_ALLOW = [gateway.address]
        yield gateway


@pytest.fixture
def mail(settings: Any) -> Iterator[MailGateway]:
    """A mail server on loopback, the one of the settings."""
    with MailGateway() as gateway:
        use_mail_server(settings, gateway.port)
        yield gateway


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for the name bihuan.test, with its key in the same file, trusted by nobody yet."""
    file = tmp_path / "certificate.pem"
    names = ["-subj", "/CN=bihuan.test", "-addext", "subjectAltName=DNS:bihuan.test"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*made, "-keyout", file, "-out", tmp_path / "cert"], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (tmp_path / "cert").read_bytes())
    return file


def use_mail_server(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "cases.channels.smtp.DeadlineBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 0.5
