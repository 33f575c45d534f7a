"""Departments and teams."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from cases.admin.base import ReferenceAdmin
from cases.admin.moving import PreviewedMixin
from cases.admin.reference_exchange import ReferenceExchangeMixin
from cases.exchange.reference import DepartmentResource, TeamResource
from cases.models import Department, Team, WorkCalendar
from cases.services.levels import change_team_calendar


@admin.register(Department)
class DepartmentAdmin(ReferenceExchangeMixin, ReferenceAdmin):
    resource_classes = (DepartmentResource,)
    list_display = ("name", "name_en", "team_count", "active")
    list_filter = ("active",)
    search_fields = ("name", "name_en")
    ordering = ("name",)  # said here, because counting drops the order of the model
    fields = ("name", "name_en", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Department]:
        return super().get_queryset(request).annotate(found=Count("teams", filter=Q(teams__active=True)))

    @admin.display(description=_("active teams"))
    def team_count(self, obj: Department) -> int:
        return obj.found


@admin.register(Team)
class TeamAdmin(PreviewedMixin, ReferenceExchangeMixin, ReferenceAdmin):
    resource_classes = (TeamResource,)
    list_display = ("name", "name_en", "department", "tier", "lead", "calendar", "member_count", "active")
    list_filter = (("department", RelatedDropdownFilter), ("tier", ChoicesDropdownFilter), "active")
    list_select_related = ("department", "lead", "calendar")
    search_fields = ("name", "name_en")
    ordering = ("tier", "name")  # as above
    fields = ("name", "name_en", "department", "tier", "lead", "calendar", "active")
    autocomplete_fields = ("lead",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        active = Q(members__is_active=True)
        return super().get_queryset(request).annotate(found=Count("members", filter=active))

    @admin.display(description=_("active members"))
    def member_count(self, obj: Team) -> int:
        return obj.found

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "calendar":
            kwargs["queryset"] = WorkCalendar.objects.filter(active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Team, form: ModelForm, change: bool) -> None:
        """Another calendar moves the clocks of the team's cases; the page saves in one transaction."""
        super().save_model(request, obj, form, change)
        if change and "calendar" in form.changed_data:
            change_team_calendar(obj, actor=request.user)
