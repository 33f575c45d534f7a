"""Channels: quiet hours, rates, and whether they work."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from cases.admin.base import KeptMixin, OwnFiltersMixin
from cases.admin.endpoints import TryAgainMixin, works_badge
from cases.choices import NoticeState
from cases.models import ChannelSetting, Notice


class ChannelForm(forms.ModelForm):
    class Meta:
        model = ChannelSetting
        fields = ("active", "per_minute", "quiet_from", "quiet_until", "time_zone")
        help_texts = {
            "active": _("What is owed by a channel that is not active waits until it is."),
            "per_minute": _("Of robots, webhooks and SMS gateways, each may be called so often."),
            "quiet_from": _("In quiet hours only urgent notices are sent; the others when they end."),
            "quiet_until": _("May be the next morning."),
        }

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone. Write it like Asia/Shanghai."))
        return zone

    def clean(self) -> dict:
        cleaned = super().clean()
        if (cleaned.get("quiet_from") is None) != (cleaned.get("quiet_until") is None):
            self.add_error("quiet_until", _("Quiet hours have a beginning and an end, or neither."))
        return cleaned


@admin.register(ChannelSetting)
class ChannelSettingAdmin(TryAgainMixin, OwnFiltersMixin, KeptMixin, ModelAdmin):
    form = ChannelForm
    page = "admin:cases_channelsetting_change"
    list_display = ("channel", "works", "waiting", "dead", "per_minute", "quiet", "active")
    fields = (
        "channel",
        "active",
        "per_minute",
        "quiet_from",
        "quiet_until",
        "time_zone",
        "works",
        "failures",
    )
    readonly_fields = ("channel", "works", "failures")
    sortable_by = ()
    actions_detail = ("try_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelSetting]:
        counts = {name: _counted(state) for name, state in COUNTS.items()}
        return super().get_queryset(request).annotate(**counts)

    @admin.display(description=_("works"))
    def works(self, obj: ChannelSetting) -> SafeString:
        return works_badge(obj)

    @admin.display(description=_("waiting"))
    def waiting(self, obj: ChannelSetting) -> SafeString:
        return _link(obj, NoticeState.WAITING, obj.found_waiting)

    @admin.display(description=_("given up"))
    def dead(self, obj: ChannelSetting) -> SafeString:
        return _link(obj, NoticeState.DEAD, obj.found_dead)

    @admin.display(description=_("quiet hours"))
    def quiet(self, obj: ChannelSetting) -> str:
        if obj.quiet_from is None or obj.quiet_until is None:
            return "–"
        return f"{obj.quiet_from:%H:%M}–{obj.quiet_until:%H:%M}"


COUNTS = {"found_waiting": NoticeState.WAITING, "found_dead": NoticeState.DEAD}


def _counted(state: NoticeState) -> Coalesce:
    mine = Notice.objects.filter(channel=OuterRef("channel"), state=state).order_by().values("channel")
    return Coalesce(Subquery(mine.annotate(found=Count("pk")).values("found")), 0)


def _link(setting: ChannelSetting, state: NoticeState, count: int) -> SafeString:
    url = f"{reverse('admin:cases_notice_changelist')}?channel__exact={setting.channel}&state__exact={state}"
    return format_html('<a class="bh-link" href="{}">{}</a>', url, count)
