"""The one page behind a customer's link: how the request stands and, at its time, what they say about it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import translation
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from cases.choices import Language
from cases.clock import database_now
from cases.customer.answering import METHODS, missing, not_allowed, page, see_page, too_often, unreadable
from cases.customer.forms import SCORES, WordForm, words_in
from cases.customer.progress import standing_of
from cases.exceptions import CaseError
from cases.first_names import first_name
from cases.services.customer_links import find_link
from cases.services.customer_words import give_word, may_give_word
from cases.services.throttling import PAGES_OF_AN_ADDRESS, WORDS_OF_A_LINK, household, knock

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cases.models import CustomerLink

# Broken, too large, broken off.
UNREADABLE = (MultiPartParserError, SuspiciousOperation, BadRequest, UnreadablePostError)


# There is no cookie a foreign page could ride on; the nonce in the form says that its page was opened.
@csrf_exempt
def case_view(request: HttpRequest, token: str) -> HttpResponse:
    """
    GET and HEAD read, POST says a word. Only the count of requests of an address is written by every one.

    What is wrong with a request is looked at before the link is, so no answer tells whether there is one.
    """
    if wait := knock(PAGES_OF_AN_ADDRESS, household(address_of(request))):
        return too_often(wait, sent=request.method == "POST")
    if request.method not in METHODS:
        return not_allowed()
    if _charset_of(request) != "utf-8":  # no page of ours sends another
        return unreadable()
    try:
        data, wanted = request.POST, request.GET.get("lang", "")
    except UNREADABLE:
        return unreadable()
    link = find_link(token, database_now())
    if link is None:
        return missing(words_in(data) if _is_of_this_site(request) else "")
    language = _language_of(link, wanted)
    with translation.override(language):
        visit = Visit(link, token, language)
        return visit.take_word(data) if request.method == "POST" else visit.show()


def _language_of(link: CustomerLink, wanted: str) -> str:
    return wanted if wanted in Language.values else link.case.customer.language


def _charset_of(request: HttpRequest) -> str:
    return (request.content_params or {}).get("charset", "utf-8").lower()


def _is_of_this_site(request: HttpRequest) -> bool:
    """Whether the browser says so: else a foreign page could have words of its own shown here as ours."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def address_of(request: HttpRequest) -> str:
    """Where the request really comes from; the login counts by the same."""
    return str(import_string(settings.AXES_CLIENT_IP_CALLABLE)(request))


class Visit:
    """A customer at the page of a valid link."""

    def __init__(self, link: CustomerLink, token: str, language: str) -> None:
        self.link, self.case, self.token, self.language = link, link.case, token, language
        self.path = reverse("customer_case", args=[token])
        self.round = self.case.rounds.get(number=link.round_number)
        self.at = database_now()
        self.may_answer = may_give_word(self.case, self.round, self.at)

    def take_word(self, data: Any) -> HttpResponse:
        """Keep the customer's word, or show the page again with what stands in the way."""
        if not self.may_answer:
            return self.show_overtaken(data)
        form = WordForm(self.link, self.at, data)
        if not form.is_valid():
            return self.show(form, status=422)
        if wait := knock(WORDS_OF_A_LINK, str(self.link.pk)):
            return self.show_throttled(form, wait)
        try:
            give_word(self.link, form.word(), nonce=form.cleaned_data["nonce"])
        except CaseError:  # between page and answer the case moved on, or the link ended
            link = find_link(self.token, database_now())
            if link is None:
                return missing(words_in(data))
            return Visit(link, self.token, self.language).show_overtaken(data)
        return see_page(f"{self.path}?lang={self.language}#answer", self.language)

    def show_overtaken(self, data: Any) -> HttpResponse:
        """How it stands now, with the answer to be sent again or, where it is too late, its words to copy."""
        if self.may_answer:
            return self.show(WordForm(self.link, self.at, data), status=409)
        return self.show(status=409, unsent=words_in(data))

    def show_throttled(self, form: WordForm, seconds: int) -> HttpResponse:
        """The form as it was sent, and how long to wait before it is sent again."""
        response = self.show(form, status=429, wait_minutes=ceil(seconds / 60))
        response.headers["Retry-After"] = str(seconds)
        return response

    def show(
        self, form: WordForm | None = None, *, status: int = 200, unsent: str = "", wait_minutes: int = 0
    ) -> HttpResponse:
        if form is None and self.may_answer:
            form = WordForm(self.link, self.at, comment=self.round.comment)
        context = {
            "case": self.case,
            "round": self.round,
            "first_name": first_name(self.case.customer.name),
            "standing": standing_of(self.case, self.round, self.at),
            "form": form,
            "scores": SCORES,
            "not_taken": status in (409, 429),
            "unsent": unsent,
            "wait_minutes": wait_minutes,
            "path": self.path,
            "others": [choice for choice in Language if choice != self.language],
        }
        return page("case.html", context, language=self.language, status=status)
