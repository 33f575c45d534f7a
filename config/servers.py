"""Addresses of database and broker, with passwords that may hold any character."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEMES = ("postgres", "postgresql", "psql", "pgsql", "postgis", "redis", "rediss")
ENDS_A_PASSWORD = "/?#"  # where it is not written as %2F, %3F, %23


def with_password(url: str, password: str, *, named: tuple[str, str]) -> str:
    """
    The URL with this password in it, percent-encoded; as it is where it has one, or is none of a server.

    ``named`` are the variables of both. Raises ImproperlyConfigured for a URL whose password would be
    read as something else: as a host, or a port.
    """
    scheme, _colon, rest = url.partition("://")
    if scheme.lower() not in SCHEMES:
        return url
    before_host = rest.rpartition("@")[0]
    if any(character in before_host for character in ENDS_A_PASSWORD):
        raise ImproperlyConfigured(
            f"{named[0]} cannot be read: its password holds one of {ENDS_A_PASSWORD}. Give it as it is in "
            f"{named[1]}, or percent-encoded in {named[0]} (%2F, %3F, %23)."
        )
    parts = urlsplit(url)
    if not password or parts.password:
        return url
    user, _at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.rstrip(':')}:{quote(password, safe='')}@{host}").geturl()
