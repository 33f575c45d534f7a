"""What is asked for a new version of a service level, and for a look at what would be promised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import DurationField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from cases.admin.duration_input import DurationInput
from cases.choices import CaseType, Channel, Urgency, VipLevel
from cases.clock import database_now
from cases.models import ServiceLevelVersion, Team, WorkCalendar
from cases.services.levels import CONTENT
from cases.standards import Traits, present_standards
from cases.worktime import NoWorkingTime, add_working_time

DURATIONS = tuple(
    field.name for field in ServiceLevelVersion._meta.concrete_fields if isinstance(field, DurationField)
)
CRITERIA = ("urgency", "type", "channel", "team", "vip_from")
ROUND_THE_CLOCK = (
    "triage",
    "improvement_plan",
    "confirmation_reminder",
    "confirmation_expiry",
    "retention",
)
BY_CALENDAR = tuple(name for name in DURATIONS if name not in ROUND_THE_CLOCK)
LEAST_KEPT = timedelta(days=1096)  # three years with their leap day
BESIDE = ("position", "in_use", "calendar", "applies_to_open")
WIDGETS = {
    "position": UnfoldAdminIntegerFieldWidget,
    "in_use": UnfoldBooleanSwitchWidget,
    "applies_to_open": UnfoldBooleanSwitchWidget,
    **dict.fromkeys((*CRITERIA, "calendar"), UnfoldAdminSelectWidget),
}


class VersionForm(forms.ModelForm):
    """All that a version says. Nothing of it is saved by the form: ``content`` goes to the service."""

    class Meta:
        model = ServiceLevelVersion
        fields = CONTENT
        widgets = WIDGETS
        field_classes = dict.fromkeys(DURATIONS, DurationInput)

    def __init__(self, *args: Any, newest: ServiceLevelVersion | None, **kwargs: Any) -> None:
        given = {name: _value_of(newest, name) for name in CONTENT} if newest else {}
        # Whether open cases follow is a question of each change, not of what is promised.
        super().__init__(*args, initial=given | {"applies_to_open": False}, **kwargs)
        self.given = given
        self.fields["team"].queryset = Team.objects.filter(active=True)
        self.fields["calendar"].queryset = WorkCalendar.objects.filter(active=True)
        for name in ("urgency", "type", "channel", "team"):
            self._offer_any(name)
        self.fields["calendar"].empty_label = gettext("The default calendar")

    def _offer_any(self, name: str) -> None:
        field = self.fields[name]
        if name == "team":
            field.empty_label = gettext("Any")
        else:
            field.choices = [("", gettext("Any")), *(pair for pair in field.choices if pair[0])]

    def clean(self) -> dict[str, Any]:
        """What the database would refuse too, said in words beside the field."""
        cleaned = super().clean() or self.cleaned_data
        self._look_at_ends(**cleaned)
        if not self._ever_reached(cleaned):
            self.add_error("calendar", _("This calendar has too little working time for what is promised."))
        if self.given and not (self.errors or self.has_changed()):
            raise forms.ValidationError(_("Nothing was changed."))
        return cleaned

    def _look_at_ends(
        self,
        *,
        confirmation_reminder: timedelta | None = None,
        confirmation_expiry: timedelta | None = None,
        retention: timedelta | None = None,
        **_others: Any,
    ) -> None:
        if confirmation_reminder and confirmation_expiry and confirmation_expiry <= confirmation_reminder:
            self.add_error(
                "confirmation_expiry", _("Confirmation cannot end before the reminder. Choose a longer time.")
            )
        if retention and retention < LEAST_KEPT:
            self.add_error("retention", _("Cases are kept at least three years: 1096 d."))

    def _ever_reached(self, cleaned: dict[str, Any]) -> bool:
        """Whether the calendar has so much working time as the longest promise that counts by it."""
        standards, calendar = present_standards(), cleaned.get("calendar")
        hours = standards.calendar(calendar.pk if calendar else standards.default_calendar_id)
        longest = max((cleaned[name] for name in BY_CALENDAR if cleaned.get(name)), default=timedelta(0))
        try:
            add_working_time(hours, database_now(), longest)
        except NoWorkingTime:
            return False
        return True

    def content(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in CONTENT}

    def groups(self) -> list[tuple[str, str, list[Any]]]:
        """Title, help and fields of each part of the page."""
        working_time = gettext(
            "Working time: “1 d” is 24 hours of it. Write “30 min”, “2 h 30 min” or “3 d”."
        )
        parts = (
            (gettext("For which cases"), gettext("What is left open fits every case."), CRITERIA),
            (gettext("What is promised"), working_time, DURATIONS),
            (gettext("Order, calendar and open cases"), "", BESIDE),
        )
        return [(title, words, [self[name] for name in names]) for title, words, names in parts]


def _value_of(version: ServiceLevelVersion, name: str) -> Any:
    return getattr(version, version._meta.get_field(name).attname)


class PromiseForm(forms.Form):
    """What is known of a case when it is registered."""

    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Urgency.choices, initial=Urgency.NORMAL, widget=UnfoldAdminSelectWidget
    )
    type = forms.ChoiceField(label=_("Type"), choices=CaseType.choices, widget=UnfoldAdminSelectWidget)
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=UnfoldAdminSelectWidget)
    team = forms.ModelChoiceField(
        label=_("The team that takes it in"),
        queryset=Team.objects.filter(active=True),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    vip_level = forms.TypedChoiceField(
        label=_("VIP level"), choices=VipLevel.choices, coerce=int, widget=UnfoldAdminSelectWidget
    )

    def traits(self) -> Traits:
        asked = self.cleaned_data
        team = asked["team"]
        return Traits(
            asked["urgency"], asked["type"], asked["channel"], team.pk if team else None, asked["vip_level"]
        )
