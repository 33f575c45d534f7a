"""Duty rosters and absences: kept by supervisors for their department, by managers for all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSplitDateTimeWidget

from cases.admin.base import ReferenceAdmin
from cases.choices import Channel
from cases.models import Absence, DutyShift, Staff, Team
from cases.rosters import StandIns, on_duty

MOST_CHOICES = 1000


def teams_kept_by(staff: Staff) -> QuerySet[Team]:
    """Teams whose roster this person sees: all, or those of the own department and own ones."""
    teams = Team.objects.filter(active=True)
    if staff.has_perm("cases.view_every_case"):
        return teams
    return teams.filter(pk__in=staff.team_ids | staff.led_team_ids)


def people_kept_by(staff: Staff) -> QuerySet[Staff]:
    return Staff.objects.active().colleagues_of(staff).order_by("name", "pk")


class ShiftTeamFilter(DropdownFilter):
    title = _("team")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(str(team.pk), str(team)) for team in teams_kept_by(request.user)[:MOST_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DutyShift]) -> QuerySet[DutyShift]:
        value = self.value() or ""
        return queryset.filter(team_id=value) if value in dict(self.lookup_choices) else queryset


class PresentFilter(DropdownFilter):
    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("now", _("Away now")), ("later", _("Away later")), ("over", _("Back again"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Absence]) -> QuerySet[Absence]:
        now = timezone.now()
        match self.value():
            case "now":
                return queryset.at(now)
            case "later":
                return queryset.filter(starts_at__gt=now)
            case "over":
                return queryset.filter(ends_at__lte=now)
        return queryset


class RosterAdmin(ReferenceAdmin):
    """Each sees and keeps the rows of the own department; to everybody else they are not there."""

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).visible_to(request.user)

    def formfield_for_foreignkey(self, field: ForeignKey, request: HttpRequest, **kwargs: Any) -> forms.Field:
        """Only one's own people and teams are offered, and no other is accepted."""
        offered = {Team: teams_kept_by, Staff: people_kept_by}[field.related_model]
        kwargs.setdefault("queryset", offered(request.user))
        return super().formfield_for_foreignkey(field, request, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refused unless this person sees the row: its history would be found without it."""
        if self.has_view_permission(request) and self.get_object(request, object_id) is None:
            raise Http404
        return super().history_view(request, object_id, extra_context)


class MomentForm(forms.Form):
    """Whose duty, and when."""

    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.none(), widget=UnfoldAdminSelectWidget
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=UnfoldAdminSelectWidget)
    at = forms.SplitDateTimeField(
        label=_("Moment"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Empty asks about now."),
    )

    def __init__(self, *args: Any, staff: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams_kept_by(staff)

    def answer(self) -> dict[str, Any]:
        """Who is on duty then, and who would be were they not away."""
        asked = self.cleaned_data
        at = asked["at"] or timezone.now()
        people = on_duty(asked["team"], asked["channel"], at)
        return {"at": at, "people": people, "team": asked["team"], "away": away_from(asked["team"], at)}


def away_from(team: Team, at: datetime) -> list[tuple[Staff, Staff | None]]:
    """Members of the team who are away then, each with whoever stands in."""
    stand_ins = StandIns(at)
    members = team.members.active().order_by("name", "pk")
    return [(person, stand_ins.of(person)) for person in members if not stand_ins.is_present(person)]


@admin.register(DutyShift)
class DutyShiftAdmin(RosterAdmin):
    list_display = (
        "team",
        "channel_in_words",
        "staff",
        "weekday",
        "starts",
        "ends",
        "valid_from",
        "valid_until",
    )
    list_display_links = ("team", "staff")
    list_filter = (ShiftTeamFilter, ("weekday", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter))
    list_select_related = ("team", "staff")
    ordering = ("team", "weekday", "starts", "pk")
    fields = ("team", "channel", "staff", "weekday", ("starts", "ends"), ("valid_from", "valid_until"))
    actions_list = ("who",)

    @admin.display(description=_("channel"))
    def channel_in_words(self, obj: DutyShift) -> str:
        return str(obj.get_channel_display() or _("all"))

    @action(description=_("Who is on duty?"), url_path="who", permissions=["view"], icon="support_agent")
    def who(self, request: HttpRequest) -> HttpResponse:
        """Asking changes nothing, so it is a GET."""
        form = MomentForm(request.GET or None, staff=request.user)
        asked = bool(request.GET) and form.is_valid()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Who is on duty?"),
            "opts": self.opts,
            "form": form,
            "asked": asked,
            **(form.answer() if asked else {}),
        }
        return TemplateResponse(request, "admin/cases/on_duty.html", context)


@admin.register(Absence)
class AbsenceAdmin(RosterAdmin):
    list_display = ("staff", "starts_at", "ends_at", "stand_in", "reason")
    list_display_links = ("staff", "starts_at")
    list_filter = (PresentFilter,)
    list_select_related = ("staff", "stand_in")
    search_fields = ("staff__name",)
    ordering = ("-starts_at", "pk")
    fields = ("staff", "starts_at", "ends_at", "stand_in", "reason")
