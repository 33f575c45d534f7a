"""What holds for every page: whose language, how long a session lives, the second factor, no copies kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from cases.models.session import BEGUN, SEEN
from cases.services import second_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    Answer = Callable[[HttpRequest], HttpResponse]

CUSTOMERS_PAGES = "/c/"
STAMP_EVERY = 60  # seconds
WITHOUT_SECOND_FACTOR = {
    "second_factor",
    "set_language",
    "admin:login",
    "admin:logout",
    "admin:jsi18n",
    "admin:password_change",
    "admin:password_change_done",
}


class PrivateResponseMiddleware:
    """No browser and no proxy keeps a copy of a page; static files are answered further out."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        patch_cache_control(response, no_store=True, private=True)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class WithoutCookiesMiddleware:
    """
    The pages of customers know no cookie: they neither read nor set one, whoever else is logged in here.

    What comes later finds nobody logged in, so no session is looked up, kept alive or begun.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(CUSTOMERS_PAGES):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        request.COOKIES = {}
        return self.get_response(request)


class SessionLimitsMiddleware:
    """
    A session ends when nothing was done for a while, and at the end of the working day in any case.

    The limits are settings.SESSION_IDLE_AGE and SESSION_COOKIE_AGE, in seconds. The moment last seen is
    written at most once in STAMP_EVERY seconds. A page that asks by itself says so (``X-Background: 1``) and
    does not count as a person doing something.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = int(time.time())
        if request.user.is_authenticated and _is_over(request, now):
            logout(request)
            messages.info(request, _("You were logged out because nothing was done for a while."))
            return redirect_to_login(request.get_full_path())
        if request.user.is_authenticated and "X-Background" not in request.headers:
            _stamp(request, now)
        return self.get_response(request)


def _is_over(request: HttpRequest, now: int) -> bool:
    """A session that does not say when it began is none of ours."""
    begun, seen = request.session.get(BEGUN, 0), request.session.get(SEEN, 0)
    return bool(now - begun >= settings.SESSION_COOKIE_AGE or now - seen >= settings.SESSION_IDLE_AGE)


def _stamp(request: HttpRequest, now: int) -> None:
    if now - request.session[SEEN] >= STAMP_EVERY:
        request.session[SEEN] = now


class StaffLanguageMiddleware:
    """Pages speak the language of the person; before login the browser's, else Chinese (LocaleMiddleware)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class SecondFactorMiddleware:
    """Who needs a second factor reaches nothing but the page to set it up, or the login, without it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if match is None or match.view_name in WITHOUT_SECOND_FACTOR or not request.user.is_authenticated:
            return None
        # django_otp's middleware has set otp_device, None without a second factor.
        if getattr(request.user, "otp_device", None) or not second_factor.is_required_for(request.user):
            return None
        if not second_factor.has_device(request.user):
            return redirect("second_factor")
        logout(request)
        return redirect_to_login(request.get_full_path())
