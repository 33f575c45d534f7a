"""The dialog of a transition: shown by GET, sent by POST, as a page of its own or inside the case page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.admin.forms import NONCE, TransitionForm, cause_key, digest_of
from cases.exceptions import CaseError, CaseNotFound, InvalidInput, StalePage
from cases.lifecycle import MOVES
from cases.models import Case, CaseEvent
from cases.services import refusal, transition_case
from cases.services.steps import is_sent_again

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cases.models import Staff

DIALOG = "X-Dialog"  # asks for, and marks, the fragment that goes into the dialog of the case page
PAGE = "admin/cases/case/transition.html"
FRAGMENT = "admin/cases/case/transition_form.html"
PARTS = ("customer", "topic", "team__department", "handler")


def find_case(staff: Staff, pk: object, *parts: str) -> Case:
    """The case if this person may see it; a foreign one and none are the same 404."""
    if not staff.has_perm("cases.view_case"):
        raise PermissionDenied
    number = str(pk)
    found = Case.objects.visible_to(staff).select_related(*(parts or PARTS))
    case = found.filter(pk=number).first() if number.isdecimal() and number.isascii() else None
    if case is None:
        raise Http404(_("There is no such case among those you may see."))
    return case


def transition_view(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Ask for what the transition needs; make it when the answers are sent."""
    if name not in MOVES or not MOVES[name].roles:
        raise Http404
    if request.method == "POST" and (done := case_done_before(request, pk, name)):
        return leave(request, done, name)
    case = find_case(request.user, pk)
    if request.method == "POST":
        return submit(request, TransitionForm(name, case, request.user, request.POST))
    return show(request, TransitionForm(name, case, request.user))


def case_done_before(request: HttpRequest, pk: int, name: str) -> Case | None:
    """
    The case, if exactly this form was sent before: a second click is answered like the first.

    Looked for before anything else, because the case may have left this person's sight by the first click
    and its choices may have changed. The key holds the person, so nobody learns of another's case.
    """
    nonce = request.POST.get("nonce", "")
    if not re.fullmatch(NONCE, nonce):
        return None
    key = cause_key(pk, request.user.pk, name, nonce)
    event = CaseEvent.objects.filter(case_id=pk, cause_key=key).select_related("case").first()
    return event.case if event and is_sent_again(event, digest_of(request.POST.lists())) else None


def submit(request: HttpRequest, form: TransitionForm) -> HttpResponse:
    """Make the transition, or show the form again with what stands in the way beside its field."""
    if not form.is_valid():
        return show(request, form, status=422)
    case = form.case
    try:
        transition_case(
            case.pk,
            form.name,
            actor=request.user,
            note=form.cleaned_data["note"],
            expected_version=form.cleaned_data["expected_version"],
            cause_key=cause_key(case.pk, request.user.pk, form.name, form.cleaned_data["nonce"]),
            cause_digest=digest_of(request.POST.lists()),
            **form.answers(),
        )
    except StalePage as stale:
        newer = find_case(request.user, case.pk)
        return show(request, form.renewed(newer), status=409, stale=stale)
    except CaseNotFound as missing:
        raise Http404(str(missing)) from missing
    except CaseError as error:
        place_error(form, error)
        return show(request, form, status=422)
    return leave(request, case, form.name)


def place_error(form: Any, error: CaseError) -> None:
    """The sentence beside the field it is about, or above the form."""
    field = error.field if isinstance(error, InvalidInput) and error.field in form.fields else None
    form.add_error(field, str(error))


def show(
    request: HttpRequest, form: TransitionForm, *, status: int = 200, stale: StalePage | None = None
) -> HttpResponse:
    case = form.case
    context = {
        **admin.site.each_context(request),
        "opts": Case._meta,
        "original": case,
        "title": form.row.label,
        "subtitle": case.number,
        "fragment": FRAGMENT,
        "case": case,
        "form": form,
        "stale": stale,
        "refusal": refusal(case, form.name, request.user),
        "page_url": reverse("admin:cases_case_change", args=[case.pk]),
    }
    response = TemplateResponse(
        request, FRAGMENT if DIALOG in request.headers else PAGE, context, status=status
    )
    response[DIALOG] = "form"
    return response


def leave(request: HttpRequest, case: Case, name: str) -> HttpResponse:
    """To the page of the case, or to the list when the case has passed out of this person's sight."""
    messages.success(request, _("%(case)s: %(move)s – done.") % {"case": case, "move": MOVES[name].label})
    if Case.objects.visible_to(request.user).filter(pk=case.pk).exists():
        target = reverse("admin:cases_case_change", args=[case.pk])
    else:
        messages.info(
            request, _("%(case)s is in other hands now and no longer among your cases.") % {"case": case}
        )
        target = reverse("admin:cases_case_changelist")
    if DIALOG in request.headers:
        return HttpResponse(status=204, headers={DIALOG: "done", "X-Location": target})
    return HttpResponseRedirect(target)
