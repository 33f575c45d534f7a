"""
What a project without us would have: Django's own admin and import-export over the same tables.

Kind to the other side where the plain way would not end at all: customers, contacts and other cases are
typed in as ids instead of chosen from a list of a hundred thousand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from import_export.resources import ModelResource

from cases.models import Case
from cases.querysets import CaseQuerySet

ROWS = 50
ENGINE = "stock"


def templates(present: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The templates of the product, and beside them Django's own, which a theme would stand before."""
    folder = Path(admin.__file__).parent / "templates"
    return [*present, present[0] | {"NAME": ENGINE, "DIRS": [folder], "APP_DIRS": False}]


class StockCaseAdmin(ModelAdmin):  # type: ignore[type-arg]  # generic in its stubs alone
    list_display = (
        *("number", "customer", "type", "topic", "urgency", "state", "due_at", "handler", "round_number"),
    )
    list_filter = ("state", "type", "urgency", "channel", "region")
    list_per_page = ROWS
    date_hierarchy = "received_at"
    search_fields = (
        *("number", "order_number", "description", "product", "remark"),
        *("customer__number", "customer__name", "customer__contacts__value"),
    )
    raw_id_fields = ("customer", "contact", "duplicate_of")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _in_stock_clothes(super().changelist_view(request, extra_context))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _in_stock_clothes(super().changeform_view(request, *args, **kwargs))


def _in_stock_clothes(response: HttpResponse) -> HttpResponse:
    if isinstance(response, TemplateResponse):
        response.using = ENGINE
    return response


class StockCaseResource(ModelResource):
    class Meta:
        model = Case
        fields = (
            *("number", "customer__number", "type", "topic__name", "description", "urgency", "received_at"),
            *("first_response_at", "handler__name", "confirmation", "remark"),
        )


site = AdminSite(name=ENGINE)
site.register(Case, StockCaseAdmin)


def export(cases: CaseQuerySet, format: str) -> bytes:
    """The file as import-export makes it."""
    made = getattr(StockCaseResource().export(queryset=cases), format)
    return made if isinstance(made, bytes) else str(made).encode()
