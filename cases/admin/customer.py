"""Customers: found exactly, shown masked, never deleted."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import Form, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from cases.admin.base import KeptMixin, ReferenceAdmin
from cases.admin.customer_forms import (
    ContactForm,
    ContactFormSet,
    CustomerExportForm,
    CustomerForm,
    ReasonForm,
)
from cases.admin.reference_exchange import ReferenceExchangeMixin
from cases.choices import VipLevel
from cases.contacts import likely_contacts
from cases.exceptions import CaseError
from cases.exchange.reference import CustomerResource
from cases.models import Case, Customer, CustomerContact
from cases.models.customer import CUSTOMER_NUMBER
from cases.services.privacy import reveal_contact


class ContactInline(KeptMixin, TabularInline):
    model = CustomerContact
    form = ContactForm
    formset = ContactFormSet
    fields = ("kind", "entry", "preferred")
    extra = 0
    verbose_name_plural = _("contacts, masked; enter a new value to replace one")

    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> tuple[str, ...]:
        return () if self.has_change_permission(request, obj) else ("kind", "entry", "preferred")

    @admin.display(description=_("Contact"))
    def entry(self, obj: CustomerContact) -> str:
        return obj.masked


@admin.register(Customer)
class CustomerAdmin(ReferenceExchangeMixin, ReferenceAdmin):
    form = CustomerForm
    inlines = (ContactInline,)
    resource_classes = (CustomerResource,)
    export_form_class = CustomerExportForm
    list_display = ("number", "name", "vip", "region", "masked_contacts", "open_cases", "active")
    list_display_links = ("number", "name")
    list_filter = (("vip_level", ChoicesDropdownFilter), ("region", ChoicesDropdownFilter), "active")
    search_fields = ("number",)
    search_help_text = _("Number, beginning of the name, or the whole telephone number or e-mail address")
    sortable_by = ("number", "name")
    autocomplete_fields = ("dedicated_agent", "stand_in")
    fields = CustomerForm.Meta.fields
    actions_detail = ("show_contacts",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        open_cases = Case.objects.under_way().filter(customer=OuterRef("pk")).order_by().values("customer")
        counted = Coalesce(Subquery(open_cases.annotate(found=Count("pk")).values("found")), 0)
        return super().get_queryset(request).prefetch_related("contacts").annotate(found=counted)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str
    ) -> tuple[QuerySet[Customer], bool]:
        """One kind of question at a time, each answered by an index; contact data is found whole or not."""
        words = search_term.strip()
        if not words:
            return queryset, False
        if re.fullmatch(CUSTOMER_NUMBER, words.upper()):
            return queryset.filter(number=words.upper()), False
        if contacts := likely_contacts(words):
            return queryset.filter(pk__in=Customer.objects.reachable_at(contacts[0]).values("pk")), False
        return queryset.filter(name__startswith=words), False

    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> tuple[str, ...]:
        """The number is for good; who serves a VIP is chosen by those who may look at staff."""
        number = ("number",) if obj else ()
        agents = () if request.user.has_perm("cases.view_staff") else ("dedicated_agent", "stand_in")
        return (*number, *agents)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: Any, change: bool) -> None:
        """The contact that is preferred no longer is saved first: the database allows one at a time."""
        for contact in sorted(formset.save(commit=False), key=lambda contact: contact.preferred):
            contact.save()
        formset.save_m2m()

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"staff": request.user, "unmasked": _may_unmask(request, kwargs.get("export_form"))}

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"staff": request.user}

    def export_remarks(self, request: HttpRequest, form: Form | None) -> dict[str, str]:
        return {"unmasked_because": form.cleaned_data["reason"]} if _may_unmask(request, form) else {}

    @display(description=_("VIP"), label={VipLevel(level).label: "success" for level in VipLevel if level})
    def vip(self, obj: Customer) -> str:
        return str(obj.get_vip_level_display()) if obj.is_vip else ""

    @admin.display(description=_("contacts"))
    def masked_contacts(self, obj: Customer) -> str:
        return ", ".join(contact.masked for contact in obj.contacts.all())

    @admin.display(description=_("open cases"))
    def open_cases(self, obj: Customer) -> int:
        return obj.found

    def has_reveal_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("cases.reveal_contact")

    @action(
        description=_("Show contacts"),
        permissions=["reveal"],
        icon="visibility",
        dialog={
            "title": _("Show the contacts in full"),
            "description": "",
            "form_class": ReasonForm,
            "form_submit_text": _("Show"),
        },
    )
    def show_contacts(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        customer = self.get_object(request, object_id)
        if customer is None or not self.has_view_permission(request, customer):
            raise Http404
        try:
            contacts = reveal_contact(customer, staff=request.user, reason=form.cleaned_data["reason"])
        except CaseError as error:
            return render(request, "admin/cases/contacts_shown.html", {"error": str(error)})
        return render(request, "admin/cases/contacts_shown.html", {"contacts": contacts})


def _may_unmask(request: HttpRequest, form: Form | None) -> bool:
    """Contacts leave in full for a reason only, and with both rights."""
    given = form is not None and form.is_valid() and bool(form.cleaned_data.get("reason"))
    return given and request.user.has_perm("cases.reveal_contact")
