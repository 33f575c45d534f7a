"""Mail servers that are slow to find, to reach or to say goodbye."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.core.mail.utils import DNS_NAME

from cases.channels import email
from cases.channels.base import TemporaryFailure
from tests.channels.letters import letter
from tests.channels.mail_servers import PlainServer
from tests.gateway_fixtures import use_mail_server
from tests.gateways import DumbServer

HARD_END = 0.75  # seconds: half as much again as what use_mail_server lets an answer take
AMPLE = 0.6  # seconds more, for a machine that does other things too


@pytest.mark.parametrize(
    "goodbye",
    [b"500 what?\r\n", b"421 bye\r\n", b"2" * 9000 + b"\r\n", b"\xff\xfe\r\n", b"", None],
    ids=["refused", "busy", "endless line", "garbage", "nothing", "silence"],
)
def test_what_is_said_to_goodbye_is_no_news_of_the_mail(goodbye: bytes | None, settings: Any) -> None:
    with PlainServer({"QUIT": goodbye}) as server:
        use_mail_server(settings, server.port)
        email.send(letter("email", "anna@example.com"))
    assert server.taken == 1


def test_a_server_that_looks_at_a_mail_for_longer_than_it_may_talk_has_taken_it(settings: Any) -> None:
    """Given up before, it would be sent again, and again."""
    with PlainServer(seconds=HARD_END + AMPLE) as server:
        use_mail_server(settings, server.port)
        settings.EMAIL_SECONDS = 10.0
        email.send(letter("email", "anna@example.com"))
    assert server.taken == 1


def test_a_server_that_never_says_whether_it_took_the_mail_holds_nobody_longer(settings: Any) -> None:
    with PlainServer({".": None}) as server:
        use_mail_server(settings, server.port)
        settings.EMAIL_SECONDS = 1.5
        assert 1.5 <= seconds_until_too_slow(cause="too_slow") < 1.5 + AMPLE


def test_after_the_mail_the_server_has_no_longer_for_its_goodbye_than_for_other_answers(
    settings: Any,
) -> None:
    with PlainServer({"QUIT": None}) as server:
        use_mail_server(settings, server.port)
        settings.EMAIL_SECONDS = 10.0
        begun = monotonic()
        email.send(letter("email", "anna@example.com"))
        assert monotonic() - begun < HARD_END + AMPLE
    assert server.taken == 1


def test_a_lease_outlasts_the_longest_mail(settings: Any) -> None:
    """With as much again for marking it, where the database is away meanwhile."""
    assert settings.NOTICE_LEASE.total_seconds() >= 2 * settings.EMAIL_SECONDS


@pytest.fixture
def black_holes() -> Iterator[list[tuple[str, int]]]:
    """Six addresses that answer nothing: the queue of each is full."""
    with ExitStack() as stack:
        addresses = []
        for _n in range(6):
            hole = stack.enter_context(socket.socket())
            hole.bind(("127.0.0.1", 0))
            hole.listen(0)
            addresses.append(hole.getsockname())
            for _knock in range(3):
                knocking = stack.enter_context(socket.socket())
                knocking.setblocking(False)
                knocking.connect_ex(addresses[-1])
        yield addresses


def seconds_until_too_slow(*, cause: str) -> float:
    begun = monotonic()
    with pytest.raises(TemporaryFailure) as caught:
        email.send(letter("email", "anna@example.com"))
    assert caught.value.cause == cause
    return monotonic() - begun


@pytest.mark.parametrize("tls", [False, True])
def test_many_addresses_that_do_not_answer_share_one_end(
    tls: bool, black_holes: list[tuple[str, int]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in black_holes]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: rows)
    use_mail_server(settings, 25)
    settings.EMAIL_USE_SSL = tls
    assert seconds_until_too_slow(cause="too_slow") < HARD_END + AMPLE


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    black_holes: list[tuple[str, int]], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PlainServer() as server:
        addresses = [black_holes[0], ("127.0.0.1", server.port)]
        rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: rows)
        use_mail_server(settings, 25)
        email.send(letter("email", "anna@example.com"))
    assert server.taken == 1


@pytest.mark.parametrize("asked", ["getaddrinfo", "getfqdn"])
def test_a_resolver_that_does_not_answer_holds_nobody_longer(
    asked: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the name of the server nor our own, which is said first."""
    released = threading.Event()

    def silent(*args: Any, **kwargs: Any) -> Any:
        released.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, asked, silent)
    monkeypatch.delattr(DNS_NAME, "_fqdn", raising=False)
    use_mail_server(settings, 25)
    cause = "no_such_name" if asked == "getaddrinfo" else "too_slow"
    try:
        assert seconds_until_too_slow(cause=cause) < HARD_END + AMPLE
    finally:
        released.set()


def test_a_handshake_that_never_ends_is_ended(settings: Any) -> None:
    with DumbServer(b"\x16\x03\x03") as server:  # read as the head of a long record
        use_mail_server(settings, server.port)
        settings.EMAIL_USE_SSL = True
        assert seconds_until_too_slow(cause="too_slow") < HARD_END + AMPLE


@pytest.mark.parametrize("from_the_beginning", [True, False])
def test_a_certificate_that_is_not_trusted_is_told_from_a_server_that_is_away(
    from_the_beginning: bool, certificate: Path, settings: Any
) -> None:
    settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = from_the_beginning, not from_the_beginning
    with PlainServer(certificate=certificate, tls_first=from_the_beginning) as server:
        use_mail_server(settings, server.port)
        with pytest.raises(TemporaryFailure, match="no_trust"):
            email.send(letter("email", "anna@example.com"))
    assert server.taken == 0
