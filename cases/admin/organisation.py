"""Departments and teams."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from cases.admin.base import ReferenceAdmin
from cases.admin.reference_exchange import ReferenceExchangeMixin
from cases.exchange.reference import DepartmentResource, TeamResource
from cases.models import Department, Team


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
class TeamAdmin(ReferenceExchangeMixin, ReferenceAdmin):
    resource_classes = (TeamResource,)
    list_display = ("name", "name_en", "department", "tier", "member_count", "active")
    list_filter = (("department", RelatedDropdownFilter), ("tier", ChoicesDropdownFilter), "active")
    list_select_related = ("department",)
    search_fields = ("name", "name_en")
    ordering = ("tier", "name")  # as above
    fields = ("name", "name_en", "department", "tier", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        active = Q(members__is_active=True)
        return super().get_queryset(request).annotate(found=Count("members", filter=active))

    @admin.display(description=_("active members"))
    def member_count(self, obj: Team) -> int:
        return obj.found
