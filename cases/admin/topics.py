"""Topics below the four types."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from cases.admin.base import ReferenceAdmin
from cases.admin.reference_exchange import ReferenceExchangeMixin
from cases.exchange.reference import TopicResource
from cases.models import Topic


@admin.register(Topic)
class TopicAdmin(ReferenceExchangeMixin, ReferenceAdmin):
    resource_classes = (TopicResource,)
    list_display = ("name", "name_en", "type", "needs_proof", "position", "active")
    list_filter = (("type", ChoicesDropdownFilter), "active")
    search_fields = ("name", "name_en")
    fields = ("type", "name", "name_en", "needs_proof", "position", "active")
