"""The ledger of escalations: which clock reached which level, and how late that was noticed."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_protect
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter

from cases.admin.badges import badge, span_in_words
from cases.admin.base import RecordAdmin
from cases.admin.filters import DaysFilter
from cases.exceptions import CaseError
from cases.exchange.escalations import MOST_ROWS, export_escalations
from cases.exchange.exporting import CONTENT_TYPES
from cases.models import Case, Escalation, LadderStep
from cases.services.standards_seed import STAFF_CLOCKS
from cases.standards import BREACH

MOST_COUNTED = 10_000
MISSED = "missed"
WORTH_SAYING = timedelta(minutes=1)  # six ticks: later than that is late


def missed_deadlines(rows: QuerySet[Escalation]) -> QuerySet[Escalation]:
    """Of the clocks that staff keep; that a customer did not answer is no fault of theirs."""
    return rows.filter(percent=BREACH, kind__in=STAFF_CLOCKS)


class BoundedPaginator(Paginator):
    """Counts no farther than anybody turns pages; what lies deeper is found by the filters."""

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:MOST_COUNTED].count()


class LevelFilter(DropdownFilter):
    """The levels of the ladder, which is a small table; the ledger is not."""

    title = _("level")
    parameter_name = "level"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = LadderStep.objects.order_by().values_list("percent", flat=True).distinct()
        levels = [(str(percent), f"{percent} %") for percent in sorted({*rows, BREACH})]
        return [(MISSED, _("Deadlines of staff missed")), *levels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Escalation]) -> QuerySet[Escalation]:
        value = self.value()
        if value == MISSED:
            return missed_deadlines(queryset)
        known = value in {choice for choice, _label in self.lookup_choices}
        return queryset.filter(percent=value) if known else queryset


class NoticedLateFilter(DropdownFilter):
    title = _("lateness")
    parameter_name = "noticed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("Only those noticed late"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Escalation]) -> QuerySet[Escalation]:
        return queryset.filter(lateness__gt=WORTH_SAYING) if self.value() == "late" else queryset


class NoticedFilter(DaysFilter):
    title, column, first, last = _("noticed at"), "fired_at", "from", "to"
    first_title, last_title = _("Noticed from"), _("Noticed until")


def lateness_in_words(row: Escalation) -> SafeString:
    """How much later than planned it was noticed, with a word and an icon where that is worth saying."""
    if row.lateness <= WORTH_SAYING:
        return badge("due-on_time", "check_circle", _("on time"))
    return badge("due-late", "warning", _("late by %(span)s") % {"span": span_in_words(row.lateness)})


@admin.register(Escalation)
class EscalationAdmin(RecordAdmin):
    list_display = ("noticed", "about", "clock", "level", "planned", "how_late", "round_number")
    list_display_links = ("noticed",)
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        LevelFilter,
        NoticedLateFilter,
        NoticedFilter,
    )
    list_filter_submit = True
    list_before_template = "admin/cases/escalations.html"
    paginator = BoundedPaginator
    sortable_by = ()
    search_fields = ("case__number",)
    search_help_text = _("The whole number of a case")
    fields = (
        "about",
        "clock",
        "level",
        "round_number",
        "cycle",
        "planned_at",
        "due_at",
        "fired_at",
        "how_late",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Escalation]:
        return visible_escalations(request.user).select_related("case")

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest | None = None) -> bool:
        return lookup in {"kind__exact", "level", "noticed", "from", "to"}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Escalation], search_term: str
    ) -> tuple[QuerySet[Escalation], bool]:
        words = search_term.strip().upper()
        return (queryset.filter(case__number=words) if words else queryset), False

    @admin.display(description=_("noticed at"))
    def noticed(self, row: Escalation) -> str:
        return f"{timezone.localtime(row.fired_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("planned for"))
    def planned(self, row: Escalation) -> str:
        return f"{timezone.localtime(row.planned_at):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("case"))
    def about(self, row: Escalation) -> SafeString:
        url = reverse("admin:cases_case_change", args=[row.case_id])
        return format_html('<a class="bh-link" href="{}">{}</a>', url, row.case.number)

    @admin.display(description=_("clock"))
    def clock(self, row: Escalation) -> str:
        return row.get_kind_display()

    @admin.display(description=_("level"))
    def level(self, row: Escalation) -> str:
        return f"{row.percent} %"

    @admin.display(description=_("lateness"))
    def how_late(self, row: Escalation) -> SafeString:
        return lateness_in_words(row)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cases.export_escalation")

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(csrf_protect(self.export_view))
        return [path("export/", export, name="cases_escalation_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        ours = {"may_export": self.has_export_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **ours})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The list as its address narrows it: asked by GET, taken out by POST."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:cases_escalation_changelist"))
        if request.method == "POST":
            try:
                return _download(rows, request)
            except CaseError as error:
                messages.error(request, str(error))
        count = rows.order_by().values("pk")[: MOST_ROWS + 1].count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Export escalations"),
            "count": count,
            "too_many": count > MOST_ROWS,
            "most_rows": MOST_ROWS,
        }
        return TemplateResponse(request, "admin/cases/exchange/export_escalations.html", context)


def visible_escalations(staff: Any) -> QuerySet[Escalation]:
    """Those of the cases this person may see, the newest first."""
    rows: QuerySet[Escalation] = Escalation.objects.order_by("-fired_at", "-pk")
    if staff.has_perm("cases.view_every_case"):
        return rows
    return rows.filter(case__in=Case.objects.visible_to(staff).order_by().values("pk"))


def _download(rows: QuerySet[Escalation], request: HttpRequest) -> FileResponse:
    """The file has no name on disk and is gone when the answer has been sent."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
    export_escalations(rows, file, actor=request.user, filters=dict(request.GET.lists()))
    name = f"escalations-{timezone.localtime():%Y%m%d-%H%M}.csv"
    return FileResponse(file, as_attachment=True, filename=name, content_type=CONTENT_TYPES["csv"])
