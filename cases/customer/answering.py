"""Answers to customers' requests: what every one of them says to browsers, proxies and search engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string

if TYPE_CHECKING:
    from collections.abc import Mapping

METHODS = ("GET", "HEAD", "POST")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store, private",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
BOTH_LANGUAGES = "zh-hans, en"


def page(template: str, context: Mapping[str, Any], *, language: str, status: int = 200) -> HttpResponse:
    """A page in the active language; made without the request, so nothing in it asks who is logged in."""
    body = render_to_string(f"cases/customer/{template}", {**context, "language": language})
    return sealed(HttpResponse(body, status=status), language)


def missing(unsent: str = "") -> HttpResponse:
    """
    The one answer to unknown, tampered, expired and revoked links; ``unsent`` is what was written, to be
    copied.
    """
    return page("missing.html", {"unsent": unsent}, language=BOTH_LANGUAGES, status=404)


def too_often(seconds: int, *, sent: bool) -> HttpResponse:
    """For an address; ``sent`` says that it was an answer, which the browser sends again with the page."""
    response = page("too_often.html", {"sent": sent}, language=BOTH_LANGUAGES, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def failed(status: int, *, sent: bool) -> HttpResponse:
    """Something of ours is out of order; asks no database. ``sent`` as in ``too_often``."""
    return page("failed.html", {"sent": sent}, language=BOTH_LANGUAGES, status=status)


def not_allowed() -> HttpResponse:
    return sealed(HttpResponseNotAllowed(METHODS), BOTH_LANGUAGES)


def unreadable() -> HttpResponse:
    return sealed(HttpResponse(status=400), BOTH_LANGUAGES)


def see_page(address: str, language: str) -> HttpResponse:
    """To the page itself, so that reloading it sends nothing again."""
    return sealed(HttpResponse(status=303, headers={"Location": address}), language)


def sealed(response: HttpResponse, language: str) -> HttpResponse:
    for name, value in {**HEADERS, "Content-Language": language}.items():
        response.headers[name] = value
    return response
