"""Calendars: when people work, on which days they do not, and what would move if that changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from cases.admin.base import ReferenceAdmin
from cases.admin.calendar_forms import CalendarForm, WindowFormSet
from cases.admin.calendar_year import months_of, weekday_initials
from cases.admin.moving import PreviewedMixin, Question, moving_page
from cases.clock import database_now
from cases.exceptions import CaseError
from cases.models import CalendarDay, CalendarWindow, CalendarYear, WorkCalendar
from cases.services import calendars as services
from cases.services.rearming import preview_change

SOON = timedelta(days=60)  # what clocks may well reach into
FIRST_YEAR, LAST_YEAR = 1970, 2200
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
    return year if FIRST_YEAR <= year <= LAST_YEAR else localtime(database_now()).year


@admin.register(WorkCalendar)
class WorkCalendarAdmin(PreviewedMixin, ReferenceAdmin):
    form = CalendarForm
    inlines = (WindowInline, DayInline, YearInline)
    list_display = ("name", "name_en", "time_zone", "hours", "known_years", "default_mark", "active")
    list_display_links = ("name", "name_en")
    list_filter = ("active", "always_on")
    search_fields = ("name", "name_en", "time_zone")
    ordering = ("name",)
    fields = CalendarForm.Meta.fields
    actions_detail = ("load_holidays", "make_default")
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

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        written = {formset.model for formset in formsets if formset.has_changed()}
        if not change or written - {CalendarYear} or RECKONED_FROM & set(form.changed_data):
            services.keep_calendar(form.instance, actor=request.user)
        elif written or "country" in form.changed_data:
            services.keep_known_years(actor=request.user)

    @action(description=_("Load public holidays"), permissions=["change"], icon="celebration")
    def load_holidays(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def load(calendar: WorkCalendar) -> str:
            years = services.load_holidays(calendar, actor=request.user)
            added = ", ".join(map(str, years))
            return _("Added: %(years)s.") % {"years": added} if years else _("No further year is known yet.")

        words = Question(
            _("Load public holidays?"),
            _("Days of years that were announced meanwhile are added. Days and years already there stay."),
            _("Load"),
        )
        return self._ask_and_do(request, object_id, load, words)

    @action(description=_("Make default"), permissions=["change"], icon="star")
    def make_default(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def default(calendar: WorkCalendar) -> str:
            services.make_default(calendar, actor=request.user)
            return _("This is the default calendar now.")

        words = Question(
            _("Make this the default calendar?"),
            _("It is used where neither team nor service level names another. Running clocks follow."),
            _("Make default"),
        )
        return self._ask_and_do(request, object_id, default, words)

    def _ask_and_do(
        self, request: HttpRequest, object_id: str, act: Callable[[WorkCalendar], str], words: Question
    ) -> HttpResponse:
        """By GET show what would move, by POST do it."""
        calendar = self.get_object(request, object_id)
        if calendar is None:
            raise Http404
        back = reverse("admin:cases_workcalendar_change", args=[calendar.pk])
        try:
            if request.method != "POST":
                return moving_page(self, request, preview_change(lambda: act(calendar)), words, back=back)
            messages.success(request, act(calendar))
        except CaseError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(back)


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
