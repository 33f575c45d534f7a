"""Routing rules, and the question where a given case would go."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from cases.admin.base import ReferenceAdmin
from cases.choices import CaseType, Channel, Region, Stage, VipLevel
from cases.models import RoutingRule, Topic
from cases.services.routing import Traits, find_rule


def _or_none(choices: type[TextChoices]) -> list[tuple[str, str]]:
    return [("", "–"), *choices.choices]


class TraitsForm(forms.Form):
    """What is known of a case when its team is looked for."""

    stage = forms.ChoiceField(label=_("Looking for"), choices=Stage.choices, widget=UnfoldAdminSelectWidget)
    type = forms.ChoiceField(label=_("Type"), choices=CaseType.choices, widget=UnfoldAdminSelectWidget)
    topic = forms.ModelChoiceField(
        label=_("Topic"), queryset=Topic.objects.all(), required=False, widget=UnfoldAdminSelectWidget
    )
    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=_or_none(Channel),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    region = forms.ChoiceField(
        label=_("Region"),
        choices=_or_none(Region),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    vip_level = forms.TypedChoiceField(
        label=_("VIP level"), choices=VipLevel.choices, coerce=int, widget=UnfoldAdminSelectWidget
    )

    def clean(self) -> dict:
        cleaned = super().clean()
        topic = cleaned.get("topic")
        if topic and topic.type != cleaned.get("type"):
            self.add_error("topic", _("This topic belongs to another type."))
        return cleaned

    def rule(self) -> RoutingRule | None:
        stage = self.cleaned_data.pop("stage")
        return find_rule(stage, Traits(**self.cleaned_data))


@admin.register(RoutingRule)
class RoutingRuleAdmin(ReferenceAdmin):
    list_display = ("position", "stage", "type", "topic", "channel", "region", "vip_from", "team", "active")
    list_display_links = ("position", "stage")
    list_filter = (("stage", ChoicesDropdownFilter), ("type", ChoicesDropdownFilter), "active")
    list_select_related = ("topic", "team")
    ordering = ("stage", "position", "pk")
    fields = ("stage", "position", "type", "topic", "channel", "region", "vip_from", "team", "active")
    actions_list = ("where",)

    @action(description=_("Where would a case go?"), url_path="where", permissions=["view"], icon="alt_route")
    def where(self, request: HttpRequest) -> HttpResponse:
        """The first rule that fits the traits asked for. Asking changes nothing, so it is a GET."""
        form = TraitsForm(request.GET or None)
        asked = bool(request.GET) and form.is_valid()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Where would a case go?"),
            "opts": self.opts,
            "form": form,
            "asked": asked,
            "rule": form.rule() if asked else None,
        }
        return TemplateResponse(request, "admin/cases/where.html", context)
