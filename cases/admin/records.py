"""What left the system, what came in, who looked at contact data: to be read only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

from cases.admin.base import RecordAdmin
from cases.models import ContactAccess, ExportRecord, ImportRecord


class WithDatesMixin:
    """A filter from day to day."""

    list_filter = (("at", RangeDateFilter),)
    list_filter_submit = True

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest | None = None) -> bool:
        return lookup in {"at_from", "at_to"}


@admin.register(ExportRecord)
class ExportRecordAdmin(WithDatesMixin, RecordAdmin):
    list_display = ("at", "staff", "what", "format", "rows")
    list_select_related = ("staff",)
    fields = ("at", "staff", "what", "format", "rows", "columns", "filters", "sha256")


@admin.register(ImportRecord)
class ImportRecordAdmin(WithDatesMixin, RecordAdmin):
    list_display = ("at", "staff", "file_name", "created", "unchanged")
    list_select_related = ("staff",)
    fields = ("at", "staff", "file_name", "created", "unchanged", "sha256")


@admin.register(ContactAccess)
class ContactAccessAdmin(WithDatesMixin, RecordAdmin):
    list_display = ("at", "staff", "customer", "reason")
    list_select_related = ("staff", "customer")
    fields = ("at", "staff", "customer", "reason")
    search_fields = ("customer__number",)
    search_help_text = _("The whole number of a customer")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ContactAccess], search_term: str
    ) -> tuple[QuerySet[ContactAccess], bool]:
        words = search_term.strip().upper()
        return (queryset.filter(customer__number=words) if words else queryset), False
