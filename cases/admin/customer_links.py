"""The customer's link on the page of a case: made and shown once, listed, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_protect

from cases.admin.transitions import DIALOG, find_case
from cases.models import Case, CustomerLink
from cases.services.customer_links import issue_link, revoke_links

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from cases.models import Staff

MOST_SHOWN = 10
FRAGMENT = "admin/cases/case/customer_link_form.html"


@dataclass(frozen=True)
class LinksPanel:
    """What the page of a case shows of its links; ``may_issue``: this person may make and revoke them."""

    links: list[CustomerLink]
    may_issue: bool


def links_panel(case: Case, staff: Staff, at: datetime) -> LinksPanel | None:
    """None for those who may not even see that there are links."""
    may_issue = staff.has_perm("cases.issue_link")
    if not may_issue and not staff.has_perm("cases.view_customerlink"):
        return None
    links = list(case.customer_links.select_related("created_by", "revoked_by")[:MOST_SHOWN])
    for link in links:
        link.valid_now = link.is_valid(at)
    return LinksPanel(links, may_issue)


def links_urls(inside: Any) -> list[Any]:
    """The two dialogs below the page of a case; ``inside`` is the admin's own wrapper."""
    return [
        path("<int:pk>/link/", inside(csrf_protect(issue_view)), name="cases_case_link"),
        path("<int:pk>/link/revoke/", inside(csrf_protect(revoke_view)), name="cases_case_link_revoke"),
    ]


def find_case_to_link(request: HttpRequest, pk: int) -> Case:
    case = find_case(request.user, pk)
    if not request.user.has_perm("cases.issue_link"):
        raise PermissionDenied
    return case


def issue_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then show the new link: it is kept nowhere and cannot be shown again."""
    case = find_case_to_link(request, pk)
    if request.method != "POST":
        return show(request, case, title=_("Make a customer's link"), button=_("Make the link"))
    url = issue_link(case_id=case.pk, round_number=case.round_number, created_by=request.user)
    return show(request, case, title=_("The customer's link"), url=url)


def revoke_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end every valid link of the case, and those that messages not sent yet would have brought."""
    case = find_case_to_link(request, pk)
    if request.method != "POST":
        title, button = _("Revoke the customer's links"), _("Revoke them")
        return show(request, case, title=title, button=button, revokes=True)
    ended = revoke_links(case.pk, actor=request.user)
    words = ngettext("%(count)s link was revoked.", "%(count)s links were revoked.", ended)
    messages.success(request, words % {"count": ended})
    target = reverse("admin:cases_case_change", args=[case.pk])
    if DIALOG in request.headers:
        return HttpResponse(status=204, headers={DIALOG: "done", "X-Location": target})
    return HttpResponseRedirect(target)


def show(request: HttpRequest, case: Case, **parts: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "opts": Case._meta,
        "original": case,
        "case": case,
        "fragment": FRAGMENT,
        "page_url": reverse("admin:cases_case_change", args=[case.pk]),
        **parts,
    }
    template = FRAGMENT if DIALOG in request.headers else "admin/cases/case/transition.html"
    response = TemplateResponse(request, template, context)
    response[DIALOG] = "form"
    return response
