"""Calendars: when people work, on which days they do not, and what would move if that changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import Form, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from cases.admin.base import ReferenceAdmin
from cases.admin.calendar_forms import CalendarForm, WindowFormSet
from cases.admin.calendar_year import months_of, weekday_initials
from cases.admin.moving import examples_for
from cases.admin.staff import dialog
from cases.clock import database_now
from cases.exceptions import CaseError
from cases.models import CalendarDay, CalendarWindow, CalendarYear, WorkCalendar
from cases.services import calendars as services
from cases.services.rearming import preview_change

SOON = timedelta(days=60)  # what clocks may well reach into
FIRST_YEAR, LAST_YEAR = 1970, 2200
PREVIEW = "preview"
RECKONED_FROM = {"time_zone", "always_on"}


class OwnRowsMixin:
    """Rows that are part of a calendar: who may change it may add, change and remove them."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("cases.view_workcalendar")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(services.RIGHT)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)


class WindowInline(OwnRowsMixin, TabularInline):
    model = CalendarWindow
    formset = WindowFormSet
    fields = ("weekday", "starts", "ends")


class DayInline(OwnRowsMixin, TabularInline):
    """Of the year that is shown: of all years they would be hundreds."""

    model = CalendarDay
    fields = ("date", "kind", "like_weekday", "windows", "label")
    verbose_name_plural = _("special days of the year shown above")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CalendarDay]:
        return super().get_queryset(request).filter(date__year=shown_year(request))


class YearInline(OwnRowsMixin, TabularInline):
    model = CalendarYear
    fields = ("year",)
    ordering = ("-year",)
    classes = ("collapse",)


def shown_year(request: HttpRequest) -> int:
    """The year asked for, this one where none is."""
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 4 else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else database_now().year


@admin.register(WorkCalendar)
class WorkCalendarAdmin(ReferenceAdmin):
    form = CalendarForm
    inlines = (WindowInline, DayInline, YearInline)
    list_display = ("name", "name_en", "time_zone", "hours", "known_years", "default_mark", "active")
    list_display_links = ("name", "name_en")
    list_filter = ("active", "always_on")
    search_fields = ("name", "name_en", "time_zone")
    ordering = ("name",)
    fields = CalendarForm.Meta.fields
    actions_detail = ("load_holidays", "make_default")
    actions_submit_line = (PREVIEW,)
    change_form_outer_before_template = "admin/cases/calendar_year.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkCalendar]:
        return super().get_queryset(request).prefetch_related("windows", "years")

    @admin.display(description=_("hours a week"))
    def hours(self, obj: WorkCalendar) -> str:
        return str(_("round the clock")) if obj.always_on else f"{hours_a_week(obj):g}"

    @admin.display(description=_("years with known holidays"))
    def known_years(self, obj: WorkCalendar) -> str:
        years = sorted(row.year for row in obj.years.all())
        return f"{years[0]}–{years[-1]}" if years else "–"

    @display(description=_("default"), label=True)
    def default_mark(self, obj: WorkCalendar) -> str:
        return str(_("default")) if obj.is_default else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        calendar = self.get_object(request, object_id) if self.has_view_permission(request) else None
        context = picture_of(calendar, shown_year(request)) if calendar else {}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        """What would move is tried out: all is saved as the button beside it would, and taken back."""
        if request.method != "POST" or PREVIEW not in request.POST:
            return super().changeform_view(request, object_id, form_url, extra_context)
        answers: list[HttpResponse] = []
        preview = preview_change(
            lambda: answers.append(super(WorkCalendarAdmin, self).changeform_view(request, object_id))
        )
        if answers[0].status_code != 302:
            return answers[0]
        list(messages.get_messages(request))  # that it was saved is not so
        context = {
            **self.admin_site.each_context(request),
            "title": _("What would move"),
            "opts": self.opts,
            "preview": preview,
            "examples": examples_for(preview, request.user),
            "again": [(name, value) for name, values in _kept(request) for value in values],
        }
        return TemplateResponse(request, "admin/cases/calendar_preview.html", context)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        written = {formset.model for formset in formsets if formset.has_changed()}
        if not change or written - {CalendarYear} or RECKONED_FROM & set(form.changed_data):
            services.keep_calendar(form.instance, actor=request.user)
        elif written or "country" in form.changed_data:
            services.keep_known_years(actor=request.user)

    @action(description=_("Show what would move"), permissions=["change"], icon="preview")
    def preview(self, request: HttpRequest, obj: WorkCalendar) -> None:
        """The button alone: ``changeform_view`` answers it."""

    @action(
        description=_("Load public holidays"),
        permissions=["change"],
        icon="celebration",
        dialog=dialog(
            _("Load public holidays?"),
            _("Days of years that were announced meanwhile are added. Days and years already there stay."),
            _("Load"),
        ),
    )
    def load_holidays(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        def load(calendar: WorkCalendar) -> str:
            years = services.load_holidays(calendar, actor=request.user)
            added = ", ".join(map(str, years))
            return _("Added: %(years)s.") % {"years": added} if years else _("No further year is known yet.")

        return self._do(request, object_id, load)

    @action(
        description=_("Make default"),
        permissions=["change"],
        icon="star",
        dialog=dialog(
            _("Make this the default calendar?"),
            _("It is used where neither team nor service level names another. Running clocks follow."),
            _("Make default"),
        ),
    )
    def make_default(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        def default(calendar: WorkCalendar) -> str:
            services.make_default(calendar, actor=request.user)
            return _("This is the default calendar now.")

        return self._do(request, object_id, default)

    def _do(self, request: HttpRequest, object_id: str, act: Any) -> HttpResponse:
        calendar = self.get_object(request, object_id)
        if calendar is None:
            raise Http404
        try:
            messages.success(request, act(calendar))
        except CaseError as error:
            messages.error(request, str(error))
        address = reverse("admin:cases_workcalendar_change", args=[calendar.pk])
        return HttpResponse(headers={"HX-Redirect": address})


def _kept(request: HttpRequest) -> list[tuple[str, list[str]]]:
    """What was typed, to be sent again."""
    left_out = {PREVIEW, "csrfmiddlewaretoken"}
    return [(name, values) for name, values in request.POST.lists() if name not in left_out]


def hours_a_week(calendar: WorkCalendar) -> float:
    """Of the weekly windows, those that overlap counted as often as they do."""
    minutes = 0
    for window in calendar.windows.all():
        begins, ends = (each.hour * 60 + each.minute for each in (window.starts, window.ends))
        minutes += ends - begins + (24 * 60 if ends <= begins else 0)
    return minutes / 60


def picture_of(calendar: WorkCalendar, year: int) -> dict[str, Any]:
    """The year as months, the years beside it, and those nobody has announced."""
    now = database_now()
    reach = max(now + SOON, services.farthest_deadline(calendar) or now)
    facts = calendar.facts()
    return {
        "months": [] if calendar.always_on else months_of(year, facts, calendar.days.filter(date__year=year)),
        "initials": weekday_initials(),
        "shown_year": year,
        "years": [other for other in range(year - 2, year + 3) if FIRST_YEAR <= other <= LAST_YEAR],
        "unannounced": services.unannounced_years(calendar, now, reach),
    }
