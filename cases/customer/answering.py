"""Answers to customers' requests: what every one of them says to browsers, proxies and search engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.utils.translation import pgettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import Promise

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


def in_both(status: int, heading: Promise, *words: Promise, unsent: str = "") -> HttpResponse:
    """
    A page for whoever's language is not known; the texts are lazy. ``unsent`` is what was written, to be
    copied.
    """
    context = {"heading": heading, "words": words, "unsent": unsent}
    return page("in_both.html", context, language=BOTH_LANGUAGES, status=status)


def missing(unsent: str = "") -> HttpResponse:
    """The one answer to unknown, tampered, expired and revoked links; ``unsent`` as in ``in_both``."""
    return in_both(
        404,
        _("customer", "This link does not work"),
        _(
            "customer",
            "It is incomplete or no longer valid. Please open the newest link we sent you, or call us.",
        ),
        unsent=unsent,
    )


def too_often(seconds: int, *, sent: bool) -> HttpResponse:
    """For an address; ``sent`` says that it was an answer, which the browser sends again with the page."""
    again = (
        _("customer", "Please wait a little and load this page again, so that your answer is sent once more.")
        if sent
        else _("customer", "Please wait a little and open the link again.")
    )
    asked = _("customer", "This page was asked for too often from your connection.")
    response = in_both(429, _("customer", "One moment, please"), asked, again)
    response.headers["Retry-After"] = str(seconds)
    return response


def failed(status: int, *, sent: bool) -> HttpResponse:
    """Something of ours is out of order; asks no database. ``sent`` as in ``too_often``."""
    again = (
        _(
            "customer",
            "Please load this page again in a minute, so that your answer is sent once more; it counts once.",
        )
        if sent
        else _("customer", "Please open the link again in a minute.")
    )
    wrong = _("customer", "Something is wrong on our side.")
    return in_both(status, _("customer", "Out of order for a moment"), wrong, again)


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
