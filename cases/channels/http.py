"""
The one way out by HTTP: https to public addresses, no redirects, no proxies, little time, little answer.

What the far side answers is judged and never shown to anybody.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError
from urllib3.exceptions import TimeoutError as TooSlow

from cases.channels.addresses import Target, candidates, connect, read_url
from cases.channels.answers import MOST_BYTES, Answer
from cases.channels.base import PermanentFailure, SendingFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_ASKED = 8000  # characters of path and query: what common servers take at most
# 409: still at work on an earlier attempt with the same key (draft-ietf-httpapi-idempotency-key).
WORTH_ANOTHER = (408, 409, 425, 429)
ASKED = {"User-Agent": "Bihuan", "Accept-Encoding": "identity", "Connection": "close"}
ONCE: dict[str, Any] = {
    "retries": False,
    "redirect": False,
    "preload_content": False,
    "decode_content": False,
}


def get(url: str, *, with_body: bool = True) -> Answer:
    """
    Raises TemporaryFailure or PermanentFailure where there is no answer; any status is one.

    Without the body its status is an answer: what follows may break off or never end.
    """
    return _request("GET", read_url(url), b"", {}, with_body=with_body)


def ask(url: str, query: str, headers: Mapping[str, str], *, with_body: bool = True) -> Answer:
    """As ``get``, with a filled query behind that of the address; PermanentFailure where it is too long."""
    target = read_url(url)
    path = f"{target.path}{'&' if '?' in target.path else '?'}{query}"
    if len(path) > LONGEST_ASKED:
        raise PermanentFailure(Cause.TOO_LONG, len(path))
    return _request("GET", replace(target, path=path), b"", headers, with_body=with_body)


def post(url: str, body: bytes, headers: Mapping[str, str], *, with_body: bool = True) -> Answer:
    """As ``get``."""
    return _request("POST", read_url(url), body, headers, with_body=with_body)


def demand_success(answer: Answer) -> None:
    """Raise what a status other than 2xx means."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise PermanentFailure(Cause.MOVED, status)
    if status >= 500 or status in WORTH_ANOTHER:
        raise TemporaryFailure(Cause.BUSY, status)
    raise PermanentFailure(Cause.REFUSED, status)


def _request(
    method: str, target: Target, body: bytes, headers: Mapping[str, str], *, with_body: bool = True
) -> Answer:
    if settings.OUTGOING == "catch":
        raise PermanentFailure(Cause.KEPT_HERE)
    sent: dict[str, Any] = {"body": body or None, "headers": {**ASKED, **headers}}
    deadline = Deadline(settings.OUTGOING_SECONDS)
    with deadline, _told_apart(deadline), _pool(target, deadline) as pool:
        response = pool.urlopen(method, target.path, **sent, **ONCE)
        with closing(response):
            if not with_body:
                return Answer(response.status, b"")
            read = response.read(MOST_BYTES, decode_content=False)
        if deadline.passed:  # an answer without a length ends where the deadline cut it off
            raise TemporaryFailure(Cause.TOO_SLOW)
        said = response.headers
        return Answer(response.status, read, said.get("Content-Type", ""), said.get("Content-Encoding", ""))


def _pool(target: Target, deadline: Deadline) -> HTTPConnectionPool:
    timeout = Timeout(connect=settings.OUTGOING_CONNECT_SECONDS, read=settings.OUTGOING_SECONDS)
    checked: dict[str, Any] = {"timeout": timeout, "target": target, "deadline": deadline}
    if target.secure:
        return CheckedTlsPool(target.host, target.port, cert_reqs="CERT_REQUIRED", **checked)
    return CheckedPool(target.host, target.port, **checked)


class CheckedConnection(HTTPConnection):
    """Connects to an address that was looked up and found allowed, and to no other."""

    def __init__(self, *args: Any, target: Target, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checked, self.deadline = target, deadline

    def _new_conn(self) -> socket.socket:
        return open_checked(self.checked, self.deadline)


class CheckedTlsConnection(HTTPSConnection):
    """The same; name and certificate stay those of the URL."""

    def __init__(self, *args: Any, target: Target, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checked, self.deadline = target, deadline

    def _new_conn(self) -> socket.socket:
        return open_checked(self.checked, self.deadline)


class CheckedPool(HTTPConnectionPool):
    ConnectionCls = CheckedConnection


class CheckedTlsPool(HTTPSConnectionPool):
    ConnectionCls = CheckedTlsConnection


def open_checked(target: Target, deadline: Deadline) -> socket.socket:
    """A connection to the first allowed address that takes it."""
    patience = settings.OUTGOING_CONNECT_SECONDS
    return connect(candidates(target, min(patience, deadline.left())), patience, deadline)


@contextmanager
def _told_apart(deadline: Deadline) -> Iterator[None]:
    """What went wrong underneath, as one of our two failures."""
    try:
        yield
    except SendingFailure:
        raise
    except (SSLError, ssl.SSLError) as error:
        raise TemporaryFailure(Cause.TOO_SLOW if deadline.passed else Cause.NO_TRUST) from error
    except (HTTPError, OSError, ValueError) as error:
        raise TemporaryFailure(_cause_of(error, deadline)) from error


def _cause_of(error: Exception, deadline: Deadline) -> Cause:
    too_slow = deadline.passed or isinstance(error, TooSlow | TimeoutError)
    return Cause.TOO_SLOW if too_slow else Cause.BROKEN_OFF
