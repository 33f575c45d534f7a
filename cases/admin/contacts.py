"""Contact data in full on the page of a case: by POST, with a reason, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from cases.admin.transitions import DIALOG, find_case, place_error
from cases.exceptions import CaseError
from cases.models import Case
from cases.services.privacy import SHORTEST_REASON, reveal_contact

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cases.models import CustomerContact


class ContactsForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=SHORTEST_REASON,
        max_length=500,
        help_text=gettext_lazy("Your name, the time and this reason are recorded."),
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def contacts_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the reason; show the contacts once it is recorded who looked and why."""
    case = find_case(request.user, pk)
    if not request.user.has_perm("cases.reveal_contact"):
        raise PermissionDenied
    form = ContactsForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, case, form, status=422 if form.is_bound else 200)
    try:
        contacts = reveal_contact(case.customer, staff=request.user, reason=form.cleaned_data["reason"])
    except CaseError as error:
        place_error(form, error)
        return show(request, case, form, status=422)
    return show(request, case, form, contacts=contacts)


def show(
    request: HttpRequest,
    case: Case,
    form: ContactsForm,
    *,
    status: int = 200,
    contacts: list[CustomerContact] | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "opts": Case._meta,
        "original": case,
        "title": _("Show contacts"),
        "case": case,
        "form": form,
        "contacts": contacts,
        "fragment": "admin/cases/case/contacts_form.html",
        "page_url": reverse("admin:cases_case_change", args=[case.pk]),
    }
    template = context["fragment"] if DIALOG in request.headers else "admin/cases/case/transition.html"
    response = TemplateResponse(request, template, context, status=status)
    response[DIALOG] = "form"
    return response
