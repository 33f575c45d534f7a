"""
What the site answers while the database is away, and to those who watch whether it works.

The probes are answered before anything else is asked: no session, no host name, no redirect to HTTPS, for
they come from the machine beside us.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from cases.customer.answering import failed
from cases.services import health
from config.middleware import CUSTOMERS_PAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.http import HttpRequest

    Answer = Callable[[HttpRequest], HttpResponse]

RETRY_AFTER = 10  # seconds
AWAY = (OperationalError, InterfaceError)


def answer_failure(request: HttpRequest) -> HttpResponse:
    """``handler500``: 503 when it is the database that failed, wherever on the way; else the usual page."""
    is_away = any(isinstance(error, AWAY) for error in _chain(sys.exc_info()[1]))
    response = _failure_page(request, is_away=is_away)
    if is_away:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _failure_page(request: HttpRequest, *, is_away: bool) -> HttpResponse:
    if request.path_info.startswith(CUSTOMERS_PAGES):
        return failed(503 if is_away else 500, sent=request.method == "POST")
    if is_away:  # without the request: no template may ask for the session
        return HttpResponse(render_to_string("503.html"), status=503)
    return server_error(request)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """This error and those it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class ProbeMiddleware:
    """
    `/healthz`: this process answers. `/readyz`: it can also write to the database.

    `/status`, which reads much more, is a view.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return _say("alive")
        if request.path == "/readyz":
            return _ready()
        return self.get_response(request)


def _ready() -> JsonResponse:
    try:
        health.prove_writing()
    except Error:
        return _say("database away", status=503)
    return _say("ready")


def _say(state: str, status: int = 200) -> JsonResponse:
    response = JsonResponse({"state": state}, status=status, headers={"Cache-Control": "no-store"})
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def show_status(request: HttpRequest) -> JsonResponse:
    """
    How the machinery is, as numbers and one word; nothing about a person, so it asks for no login.

    Always 200 while the database answers: ``state`` says whether clocks are late, so that a dashboard can
    read the rest. Watch ``state``, or the page's status by ``/readyz``.
    """
    return JsonResponse(health.present_health().figures())
