"""The part of a mail address behind the @, from the address of the site."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

FALLBACK = "localhost"


def mail_domain(url: str) -> str:
    """
    The host of the site as a domain of mail (RFC 5321, 4.1.2 and 4.1.3).

    Names of other letters are written in those of DNS, an IPv6 address as a literal in brackets.
    """
    with suppress(ValueError):  # no URL, no name that DNS could hold
        host = urlsplit(url).hostname or FALLBACK
        return _literal(host) if ":" in host else host.encode("idna").decode("ascii")
    return FALLBACK


def _literal(host: str) -> str:
    return f"[IPv6:{ipaddress.IPv6Address(host.partition('%')[0])}]"
