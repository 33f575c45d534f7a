"""Who is told of what by which channel."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget

from cases.admin.base import ReferenceAdmin
from cases.choices import TO_STAFF, Whom, channels_to
from cases.models import EventKind, NoticeRule

# Whom an escalation is told to is said by the ladder.
KINDS = [choice for choice in EventKind.choices if choice[0] != EventKind.ESCALATE]


class NoticeRuleForm(forms.ModelForm):
    """A rule that can be carried out: its event is known, and its channel reaches whom it names."""

    event_kind = forms.ChoiceField(label=capfirst(_("event")), choices=KINDS, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = NoticeRule
        fields = ("event_kind", "whom", "channel", "endpoint", "required", "urgent", "active")
        help_texts = {
            "channel": _("A customer with several channels is told by one: e-mail before text message."),
            "required": _("Nobody can mute it."),
            "urgent": _("Passes quiet hours. Notices about urgent cases always do."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        whom, channel, endpoint = (cleaned.get(name) for name in ("whom", "channel", "endpoint"))
        if not whom or not channel:
            return cleaned
        if whom == Whom.ENDPOINT:
            self._check_endpoint(channel, endpoint)
            return cleaned
        if endpoint:
            self.add_error("endpoint", _("Only a rule for a robot or webhook names one."))
        if channel not in channels_to(whom):
            self.add_error("channel", _("This channel does not reach these people."))
        return cleaned

    def _check_endpoint(self, channel: str, endpoint: Any) -> None:
        if endpoint is None:
            self.add_error("endpoint", _("Name the robot or webhook that is told."))
        elif endpoint.channel != channel or channel in TO_STAFF:
            self.add_error("channel", _("Choose the channel of this robot or webhook."))


@admin.register(NoticeRule)
class NoticeRuleAdmin(ReferenceAdmin):
    form = NoticeRuleForm
    list_display = ("event", "whom", "channel", "endpoint", "required", "urgent", "active")
    list_display_links = ("event",)
    list_filter = (
        ("whom", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        "required",
        "active",
    )
    list_select_related = ("endpoint",)
    ordering = ("event_kind", "whom", "channel", "pk")

    def get_list_filter(self, request: Any) -> Any:
        return (EventKindFilter, *self.list_filter)

    @admin.display(description=_("event"), ordering="event_kind")
    def event(self, obj: NoticeRule) -> str:
        return str(dict(EventKind.choices).get(obj.event_kind, obj.event_kind))


class EventKindFilter(DropdownFilter):
    title = _("event")
    parameter_name = "event"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return KINDS

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(event_kind=self.value()) if self.value() else queryset
