"""Registering a customer's request: one page, one button, one case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.admin.forms import digest_of
from cases.admin.registration_form import RegistrationForm
from cases.admin.transitions import place_error
from cases.choices import Stage, VipLevel
from cases.exceptions import CaseError, InvalidInput
from cases.models import Case, Customer, Topic
from cases.services import PossibleDuplicate, RegisteredOtherwise
from cases.services.customers import register_with_customer
from cases.services.routing import Traits, find_rule

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from cases.models import Staff

MOST_SUGGESTIONS = 8
# Fields of the service under the names they have on this page, where a new customer is written down.
ON_THE_PAGE = {"number": "new_number", "name": "new_name", "value": "new_contact"}


def registration_view(request: HttpRequest) -> HttpResponse:
    """Show the empty page, say where a request would go, or register it."""
    refuse_without_right(request)
    if request.method != "POST":
        return show(request, RegistrationForm(initial=request_facts(request)))
    form = RegistrationForm(request.POST)
    if "preview" in request.POST:
        return show(request, form.unchecked(), proposal=proposal_for(request.POST))
    return submit(request, form)


def refuse_without_right(request: HttpRequest) -> None:
    if not request.user.has_perm("cases.register_case"):
        raise PermissionDenied


def request_facts(request: HttpRequest) -> dict[str, str]:
    """A link may name the customer whose request it is."""
    number = request.GET.get("customer", "")
    return {"customer": number} if number else {}


def submit(request: HttpRequest, form: RegistrationForm) -> HttpResponse:
    if not form.is_valid():
        return show(request, form, status=422)
    try:
        case = register_with_customer(
            form.meant_customer(),
            actor=request.user,
            cause_key=f"register:{request.user.pk}:{form.cleaned_data['nonce']}",
            cause_digest=digest_of(request.POST.lists()),
            **form.facts(),
        )
    except PossibleDuplicate as duplicate:
        return show(request, form, status=409, same=same_requests(duplicate, request.user))
    except RegisteredOtherwise as error:
        again = form.renewed()
        place_error(again, error)
        return show(request, again, status=409)
    except CaseError as error:
        place_error(form, on_the_page(error))
        return show(request, form, status=422)
    return leave(request, case)


def on_the_page(error: CaseError) -> CaseError:
    if isinstance(error, InvalidInput):
        return InvalidInput(ON_THE_PAGE.get(error.field, error.field), error.message)
    return error


def same_requests(duplicate: PossibleDuplicate, staff: Staff) -> dict[str, Any]:
    """The open cases this person may look at, and how many others there are."""
    ids = [case.pk for case in duplicate.cases]
    visible = list(Case.objects.visible_to(staff).filter(pk__in=ids).select_related("topic", "handler"))
    return {"cases": visible, "others": len(ids) - len(visible)}


def show(
    request: HttpRequest,
    form: RegistrationForm,
    *,
    status: int = 200,
    same: dict[str, Any] | None = None,
    proposal: str = "",
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "opts": Case._meta,
        "title": _("Register a case"),
        "form": form,
        "same": same,
        "proposal": proposal,
        "may_add_customer": request.user.has_perm("cases.add_customer"),
    }
    return TemplateResponse(request, "admin/cases/case/registration.html", context, status=status)


def leave(request: HttpRequest, case: Case) -> HttpResponseRedirect:
    """To the new case, or back to an empty page when another team takes it in."""
    if Case.objects.visible_to(request.user).filter(pk=case.pk).exists():
        messages.success(request, _("%(case)s is registered.") % {"case": case})
        return HttpResponseRedirect(reverse("admin:cases_case_change", args=[case.pk]))
    told = {"case": case, "team": case.team}
    messages.success(request, _("%(case)s is registered and waits for the team %(team)s.") % told)
    return HttpResponseRedirect(reverse("admin:cases_case_changelist"))


def customers_view(request: HttpRequest) -> JsonResponse:
    """Customers by number, exact phone or e-mail, or the beginning of the name; never contact data."""
    refuse_without_right(request)
    found = Customer.objects.named_or_reachable(request.GET.get("q", ""))[:MOST_SUGGESTIONS]
    return JsonResponse({"customers": [{"number": row.number, "words": describe(row)} for row in found]})


def describe(customer: Customer) -> str:
    vip = f" · {customer.get_vip_level_display()}" if customer.is_vip else ""
    return f"{customer}{vip}"


def proposal_view(request: HttpRequest) -> JsonResponse:
    """Which team the routing rules would choose for what is filled in so far."""
    refuse_without_right(request)
    return JsonResponse({"proposal": proposal_for(request.GET)})


def proposal_for(given: QueryDict) -> str:
    """The proposal in words; answers that are missing or unusable count as not given."""
    customer = Customer.objects.named_or_reachable(given.get("customer", "")).first()
    topic_id = given.get("topic", "")
    topic = Topic.objects.filter(pk=topic_id).first() if topic_id.isdecimal() and topic_id.isascii() else None
    traits = Traits(
        given.get("type", ""),
        topic,
        given.get("channel", ""),
        given.get("region", "") or (customer.region if customer else ""),
        customer.vip_level if customer else VipLevel.NONE,
    )
    rule = find_rule(Stage.INTAKE, traits)
    if rule is None:
        return _("No routing rule fits: choose a team.")
    return _("Goes to %(team)s by the routing rules.") % {"team": rule.team}
