"""The page of a case, where it is read and moved on; nothing on it can be edited in place."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST

from cases.admin.contacts import contacts_view
from cases.admin.customer_links import links_urls
from cases.admin.lifecycle_help import lifecycle_view
from cases.admin.panels import page_context, read_case
from cases.admin.registration import customers_view, proposal_view, registration_view
from cases.admin.transitions import find_case, transition_view
from cases.services.presence import note_presence

LARGEST_SEQUENCE = 2**31 - 1  # of the column


class CasePageMixin:
    """Declares the pages of one case; each view checks the row scope, so a foreign case is 404 everywhere."""

    def get_urls(self) -> list[Any]:
        inside = self.admin_site.admin_view
        own = [
            path("add/customers/", inside(require_GET(customers_view)), name="cases_case_customers"),
            path("add/proposal/", inside(require_GET(proposal_view)), name="cases_case_proposal"),
            path("lifecycle/", inside(require_GET(lifecycle_view)), name="cases_lifecycle"),
            path(
                "<int:pk>/transition/<slug:name>/",
                inside(csrf_protect(transition_view)),
                name="cases_case_transition",
            ),
            path(
                "<int:pk>/contacts/",
                inside(csrf_protect(contacts_view)),
                name="cases_case_contacts",
            ),
            path(
                "<int:pk>/presence/",
                inside(csrf_protect(require_POST(presence_view))),
                name="cases_case_presence",
            ),
            *links_urls(inside),
        ]
        return [*own, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return csrf_protect(registration_view)(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return case_view(request, self, unquote(object_id))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The timeline is the history."""
        case = find_case(request.user, unquote(object_id))
        return HttpResponseRedirect(f"{reverse('admin:cases_case_change', args=[case.pk])}#timeline")


def case_view(request: HttpRequest, model_admin: Any, pk: str) -> HttpResponse:
    case = read_case(request.user, pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": case,
        "title": case.number,
        "subtitle": case.subject,
        "has_view_permission": True,
        **page_context(request.user, case, before=sequence_of(request.GET.get("before", ""))),
    }
    return TemplateResponse(request, "admin/cases/case/page.html", context)


def sequence_of(text: str) -> int | None:
    """Where an older page of the timeline begins; anything unusable means the newest page."""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 11 else 0
    return number if 0 < number <= LARGEST_SEQUENCE else None


def presence_view(request: HttpRequest, pk: int) -> JsonResponse:
    """Says that this person looks at the case; answers who else does, and the case's present version."""
    case = find_case(request.user, pk)
    others = ", ".join(str(staff) for staff in note_presence(case, request.user))
    words = _("Also looking at this case now: %(names)s") % {"names": others} if others else ""
    return JsonResponse({"version": case.version, "others": words})
