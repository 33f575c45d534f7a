"""From which address a request really comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """
    The address that the outermost of our own proxies saw (settings.PROXY_COUNT), else the peer's.

    Each proxy appends to X-Forwarded-For the address it was asked from; what stands further left was written
    by the client and is worth nothing.
    """
    chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    count: int = settings.PROXY_COUNT
    if count and len(chain) >= count and chain[-count]:
        return str(chain[-count])
    return str(request.META.get("REMOTE_ADDR", ""))
