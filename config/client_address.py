"""From which address a request really comes."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

PORT = re.compile(r":\d+\Z")
IN_BRACKETS = re.compile(r"\[([^\]]*)\](?::\d+)?")


def client_address(request: HttpRequest) -> str:
    """
    The address that the outermost of our own proxies saw (settings.PROXY_COUNT), else the peer's.

    Each proxy appends to X-Forwarded-For the address it was asked from, some of them with its port; what
    stands further left was written by the client and is worth nothing.
    """
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    count: int = settings.PROXY_COUNT
    seen = _address_in(chain[-count]) if count and len(chain) >= count else ""
    return seen or str(request.META.get("REMOTE_ADDR", ""))


def _address_in(entry: str) -> str:
    """In its shortest form, without a port and the brackets of IPv6; nothing where it is no address."""
    in_brackets = IN_BRACKETS.fullmatch(entry)
    for written in (in_brackets[1] if in_brackets else entry, PORT.sub("", entry)):
        with suppress(ValueError):
            return str(ip_address(written))
    return ""
