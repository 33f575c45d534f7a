"""The one way out: to public addresses only, in little time, whatever the far side does."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import zlib
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from cases.channels import http
from cases.channels.addresses import is_public
from cases.channels.answers import MOST_BYTES, Answer
from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from tests.gateways import DumbServer, HttpGateway, Talk, free_port

NOT_ALLOWED = [
    "http://example.com/",
    "ftp://example.com/",
    "gopher://example.com:443/_x",
    "file:///etc/passwd",
    "https://example.com:6379/",
    "https://example.com:5432/",
    "https://example.com:99999/",
    "https://example.com:80/",
    "https://name@example.com/",
    "https://name:secret@example.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\r\nX: y",
    "https://exa mple.com/",
    "https:///nowhere",
    "//example.com/",
    "example.com",
    "",
    "https://[::1",
    f"https://{'a' * 70}.com/",
    "https://example.com/" + "a" * 2000,
]
PRIVATE_LITERALS = [
    "127.0.0.1",
    "127.8.8.8",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:1::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]
PRIVATE = [*PRIVATE_LITERALS, "localhost"]
PUBLIC = ["8.8.8.8", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def failure(url: str) -> str:
    with pytest.raises(SendingFailure) as caught:
        http.get(url)
    return caught.value.cause


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Every name resolves to the next of these; returns the list of names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def connections_of(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where sockets were connected to; none of them is."""
    seen: list[Any] = []

    def connect(opened: socket.socket, address: Any) -> None:
        seen.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


@pytest.mark.parametrize("url", NOT_ALLOWED)
def test_what_is_no_plain_https_address_is_not_even_looked_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_to(monkeypatch, ["8.8.8.8"])
    assert failure(url) == "not_allowed"
    assert asked == []


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("port", ["", ":8443"])
def test_no_private_address_is_connected_to(host: str, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = connections_of(monkeypatch)
    assert failure(f"https://{host}{port}/") == "not_allowed"
    assert seen == []


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_public(address)


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another address the second time (DNS rebinding) is asked for once."""
    asked = resolve_to(monkeypatch, ["203.0.113.1"], ["127.0.0.1"])
    monkeypatch.setattr("ipaddress.IPv4Address.is_global", True)
    seen = connections_of(monkeypatch)
    assert failure("https://rebinding.example/") == "no_connection"
    assert (asked, seen) == (["rebinding.example"], [("203.0.113.1", 443)])


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "10.0.0.1"])
def test_a_name_that_means_a_private_address_may_mean_another_one_later(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that lies for a minute costs no notice."""
    resolve_to(monkeypatch, [address])
    seen = connections_of(monkeypatch)
    with pytest.raises(TemporaryFailure, match="not_allowed") as caught:
        http.get("https://robot.example/")
    assert (seen, caught.value.answered) == ([], False)


@pytest.mark.parametrize("host", [*PRIVATE_LITERALS, "127.1"])
def test_a_private_address_stays_one(host: str) -> None:
    with pytest.raises(PermanentFailure, match="not_allowed"):
        http.get(f"https://{host}/")


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    seen = connections_of(monkeypatch)
    assert failure("https://both.example/") == "not_allowed"
    assert seen == []


def test_a_name_nobody_knows_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, [])
    with pytest.raises(TemporaryFailure, match="no_such_name"):
        http.get("https://nobody.example/")


def test_the_settings_let_exactly_their_addresses_pass(gateway: HttpGateway, settings: Any) -> None:
    assert http.get(gateway.url).status == 200
    assert failure(gateway.url.replace("127.0.0.1", "localhost")) == "not_allowed"
    assert failure(f"http://127.0.0.1:{free_port()}/") == "not_allowed"
    settings.OUTGOING_ALLOW = []
    assert failure(gateway.url) == "not_allowed"


def test_nothing_leaves_where_everything_is_caught(gateway: HttpGateway, settings: Any) -> None:
    settings.OUTGOING = "catch"
    assert failure(gateway.url) == "kept_here"
    assert gateway.journal.deliveries == []


def test_no_redirect_is_followed(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(302, Location="http://127.0.0.1:6379/"))
    answer = http.get(gateway.url)
    assert answer.status == 302
    with pytest.raises(PermanentFailure, match="moved: 302"):
        http.demand_success(answer)
    assert len(gateway.journal.deliveries) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, TemporaryFailure),
        (503, TemporaryFailure),
        (429, TemporaryFailure),
        (408, TemporaryFailure),
        (409, TemporaryFailure),
        (400, PermanentFailure),
        (404, PermanentFailure),
        (410, PermanentFailure),
    ],
)
def test_what_a_status_means(gateway: HttpGateway, status: int, kind: type[Exception]) -> None:
    gateway.behave(lambda talk: talk.answer(status, "why, with a secret"))
    with pytest.raises(kind, match=str(status)) as caught:
        http.demand_success(http.post(gateway.url, b"{}", {}))
    assert "secret" not in str(caught.value)


SLOW: dict[str, Callable[[Talk], None]] = {
    "never answers": lambda talk: talk.never_answer(),
    "drips its status": lambda talk: talk.drip("status"),
    "drips its head": lambda talk: talk.drip("head"),
    "drips its body": lambda talk: talk.drip(),
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW.keys())
def test_no_server_holds_us_longer_than_the_deadline(
    gateway: HttpGateway, behaviour: Callable[[Talk], None]
) -> None:
    gateway.behave(behaviour)
    begun = monotonic()
    assert failure(gateway.url) == "too_slow"
    assert monotonic() - begun < 2


def test_a_server_that_drips_before_tls_holds_us_no_longer(settings: Any) -> None:
    with DumbServer(b"\x16") as server:
        settings.OUTGOING_ALLOW = [f"127.0.0.1:{server.port}"]
        settings.OUTGOING_SECONDS = 0.4
        begun = monotonic()
        assert failure(f"https://127.0.0.1:{server.port}/") in ("too_slow", "no_trust", "broken_off")
        assert monotonic() - begun < 2


def test_a_reset_is_worth_another_attempt(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.reset())
    with pytest.raises(TemporaryFailure, match="broken_off"):
        http.get(gateway.url)


def test_nobody_there_is_worth_another_attempt(settings: Any) -> None:
    port = free_port()
    settings.OUTGOING_ALLOW = [f"127.0.0.1:{port}"]
    with pytest.raises(TemporaryFailure, match="no_connection"):
        http.get(f"http://127.0.0.1:{port}/")


def test_no_more_is_read_of_an_answer_than_fits(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(200, b"x" * 1_000_000))
    assert len(http.get(gateway.url).body) == MOST_BYTES


def test_an_answer_that_is_no_json_says_nothing() -> None:
    for body in (b"", b"<html>", b"\xff", b"[" * 100_000):
        assert Answer(200, body).json() is None


SAID = {"code": 0, "msg": "提交成功"}
WRITTEN = json.dumps(SAID, ensure_ascii=False)


@pytest.mark.parametrize(
    ("written_in", "kind"),
    [
        ("gbk", "application/json; charset=GBK"),
        ("gbk", 'text/html;charset="gb2312"'),
        ("gbk", "application/json"),
        ("gbk", "application/json; charset=utf-8"),
        ("gb18030", ""),
        ("utf-8", "application/json; charset=no-such-thing"),
        ("utf-8", "text/html;charset=ISO-8859-1"),
        ("utf-8", "application/json; charset=gbk"),
        ("utf-8", "application/json; charset=zlib_codec"),
        ("utf-8-sig", "application/json; charset=utf-8"),
        ("big5", "application/json; charset=big5"),
        ("utf-16", "application/json; charset=utf-16"),
    ],
)
def test_an_answer_is_read_in_the_letters_it_is_written_in(
    written_in: str, kind: str, gateway: HttpGateway
) -> None:
    gateway.behave(lambda talk: talk.answer(200, WRITTEN.encode(written_in), **{"Content-Type": kind}))
    assert http.get(gateway.url).json() == SAID


def test_letters_nobody_knows_hide_no_number() -> None:
    assert Answer(200, b'{"code": 0, "msg": "\xff\x81"}').json()["code"] == 0


def raw_deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its head": ("deflate", raw_deflated),
}


@pytest.mark.parametrize(("coding", "pack"), PACKED.values(), ids=PACKED.keys())
def test_an_answer_that_is_packed_though_nobody_asked_is_unpacked(
    coding: str, pack: Callable[[bytes], bytes], gateway: HttpGateway
) -> None:
    packed = pack(WRITTEN.encode("gbk"))
    gateway.behave(lambda talk: talk.answer(200, packed, **{"Content-Encoding": coding}))
    assert http.get(gateway.url).json() == SAID


def test_no_more_is_unpacked_than_is_read() -> None:
    for most, is_read in ((MOST_BYTES - 2, True), (MOST_BYTES - 1, False)):
        packed = gzip.compress(f'"{"x" * most}"'.encode())
        assert (Answer(200, packed, coding="gzip").json() is not None) == is_read


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_what_cannot_be_unpacked_says_nothing(coding: str) -> None:
    assert Answer(200, b"\x1f\x8b no such thing", coding=coding).json() is None


def test_the_certificate_must_be_of_the_name_in_the_url(
    certificate: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_SECONDS = 2
    with HttpGateway() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
        settings.OUTGOING_ALLOW = [f"bihuan.test:{server.port}", f"other.test:{server.port}"]
        resolve_to(monkeypatch, ["127.0.0.1"])
        assert failure(f"https://bihuan.test:{server.port}/") == "no_trust"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert http.get(f"https://bihuan.test:{server.port}/").status == 200
        assert failure(f"https://other.test:{server.port}/") == "no_trust"
