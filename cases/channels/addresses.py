"""
Which addresses of the internet may be called: global unicast ones, and those the settings name.

What is checked is the address a name resolved to, at the moment of connecting, and it is this address that is
then connected to: a name that resolves to another one a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from cases.channels.base import PermanentFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.deadline import in_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.channels.deadline import Deadline

USUAL_PORTS = {"http": 80, "https": 443}
PORTS = (443, 8443)
LONGEST_URL = 2000  # as entered; what a query adds to it is no matter of the address
UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# 6to4 and Teredo lead to an IPv4 address of somebody else's choice; so does the relay of 6to4. The last is
# kept for protocols, which not every Python says.
NOT_OURS = (
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("2001::/32"),
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv4Network("192.0.0.0/24"),
)


@dataclass(frozen=True)
class Target:
    """A URL that may be called as far as it can be read; ``named`` are those the settings let pass."""

    secure: bool
    host: str
    port: int
    path: str
    named: bool


def read_url(url: str) -> Target:
    """Raises PermanentFailure for anything but a plain https address of a server."""
    try:
        parts = urlsplit(url)
        port = parts.port or USUAL_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise PermanentFailure(Cause.NOT_ALLOWED) from error
    secure, named = parts.scheme == "https", _is_named(host, port)
    if not _is_plain(url, parts, host) or not (named or (secure and port in PORTS)):
        raise PermanentFailure(Cause.NOT_ALLOWED)
    return Target(secure, host, port, _path_of(parts), named)


def _is_named(host: str, port: int) -> bool:
    return _entry(host, port) in {entry.lower() for entry in settings.OUTGOING_ALLOW}


def _path_of(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _is_plain(url: str, parts: SplitResult, host: str) -> bool:
    readable = url.isprintable() and " " not in url and "\\" not in url and len(url) <= LONGEST_URL
    return bool(readable and host and "@" not in parts.netloc and parts.scheme in ("http", "https"))


def _entry(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def candidates(target: Target, seconds: float) -> list[tuple[Any, ...]]:
    """
    What the name resolves to now, as rows of ``getaddrinfo``, every one of them allowed.

    Raises TemporaryFailure when one of them is not, for a name may mean another address in a minute, or when
    there are none in time; PermanentFailure when the host is no name but an address that is not allowed.
    """
    found = look_up(target.host, target.port, seconds)
    if not target.named and not all(is_public(str(row[4][0])) for row in found):
        failure = PermanentFailure if _is_address(target.host) else TemporaryFailure
        raise failure(Cause.NOT_ALLOWED)
    return found


def _is_address(host: str) -> bool:
    """Also one that is written as resolvers took it long ago: 127.1, 0x7f.1, 2130706433."""
    with suppress(OSError):
        return ":" in host or bool(socket.inet_aton(host))
    return False


def look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """Rows of ``getaddrinfo``. Raises TemporaryFailure when there are none in time."""
    found: list[tuple[Any, ...]] = []
    with suppress(OSError, UnicodeError):  # no such name
        found += in_time(partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM), seconds)
    if not found:
        raise TemporaryFailure(Cause.NO_SUCH_NAME)
    return found


def connect(rows: Iterable[tuple[Any, ...]], patience: float, deadline: Deadline) -> socket.socket:
    """
    A watched connection to the first address that takes it, each tried for ``patience`` seconds at most.

    Raises TemporaryFailure when none does before the deadline.
    """
    cause = Cause.NO_CONNECTION
    for family, kind, protocol, _name, address in rows:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(min(patience, deadline.left()))
            opened.connect(address)
        except OSError as error:
            opened.close()
            cause = Cause.TOO_SLOW if isinstance(error, TimeoutError) else Cause.NO_CONNECTION
        else:
            deadline.watch(opened)
            return opened
        if deadline.passed:
            break
    raise TemporaryFailure(cause)


def _wrapped_in(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def is_public(written: str) -> bool:
    """Whether this is a global unicast address, also behind what wraps an IPv4 address into an IPv6 one."""
    address = ipaddress.ip_address(written)
    if isinstance(address, ipaddress.IPv6Address):
        inner = _wrapped_in(address)
        if inner is not None:
            return is_public(str(inner))
        if address not in UNICAST:
            return False
    kept = any(address in network for network in NOT_OURS if network.version == address.version)
    return address.is_global and not address.is_multicast and not kept
