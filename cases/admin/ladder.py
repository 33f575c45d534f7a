"""The ladder a clock climbs, and how far the clocks are reckoned anew after a change of standards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, F, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action

from cases.admin.badges import badge
from cases.admin.base import LookMixin, RecordAdmin, ReferenceAdmin
from cases.choices import ClockKind, JobState
from cases.clock import database_now
from cases.models import LadderStep, Rearming, Timer
from cases.services.levels import save_ladder_step
from cases.standards import present_standards
from cases.timers import moments_of

if TYPE_CHECKING:
    from django.forms import ModelForm
    from django.utils.safestring import SafeString

LOOKED_AT = 2000  # clocks
MARKS = {
    JobState.WAITING: ("waiting", "hourglass_top"),
    JobState.RUNNING: ("due-soon", "sync"),
    JobState.DONE: ("due-on_time", "check_circle"),
}


def clocks_order() -> Case:
    """The kinds of clocks in the order of the lifecycle, as an expression of a query."""
    return Case(*(When(kind=kind, then=Value(place)) for place, kind in enumerate(ClockKind)))


def clocks_at(step: LadderStep) -> dict[str, int]:
    """
    How many clocks of the kind run, and how many would take this step at the next tick, because so much of
    their time has passed. Of many, those due first are looked at.
    """
    running = Timer.objects.running().filter(kind=step.kind)
    below = running.filter(passed__lt=step.percent).exclude(running_since=None).order_by("due_at")
    now, standards = database_now(), present_standards()
    rows = list(below[:LOOKED_AT]) if step.active else []
    reached = sum(moments_of(row, standards)(step.percent) <= now for row in rows)
    return {"running": running.count(), "reached": reached}


@admin.register(LadderStep)
class LadderStepAdmin(LookMixin, ReferenceAdmin):
    list_display = ("clock", "percent", "whom", "channel", "action", "active")
    list_display_links = ("clock", "percent")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("whom", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        "active",
    )
    sortable_by = ()
    fields = ("kind", "percent", "whom", "channel", "action", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LadderStep]:
        return super().get_queryset(request).annotate(place=clocks_order())

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("place"), "percent", "whom", "channel"]

    @admin.display(description=_("clock"))
    def clock(self, step: LadderStep) -> str:
        return step.get_kind_display()

    def save_model(self, request: HttpRequest, obj: LadderStep, form: ModelForm, change: bool) -> None:
        if form.changed_data or not change:
            save_ladder_step(obj, actor=request.user)

    @action(description=_("Show whom it concerns now"), icon="preview", permissions=["change"])
    def preview(self, request: HttpRequest, obj: LadderStep) -> None:
        """The button alone: ``changeform_view`` answers it."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if self.is_look(request):
            form = self._asked(request, object_id)
            if form.is_valid():
                return self._show(request, form.instance)
        # The theme has its buttons on the page of a step that is there; a new one wants a look as well.
        buttons = {"actions_submit_line": self.get_actions_submit_line(request, object_id)}
        return super().changeform_view(request, object_id, form_url, buttons | (extra_context or {}))

    def _asked(self, request: HttpRequest, object_id: str | None) -> ModelForm:
        step = self.get_object(request, object_id) if object_id else None
        if not (self.has_change_permission(request) if object_id else self.has_add_permission(request)):
            raise PermissionDenied
        if object_id and step is None:
            raise Http404
        form: ModelForm = self.get_form(request, step, change=step is not None)(request.POST, instance=step)
        return form

    def _show(self, request: HttpRequest, step: LadderStep) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Whom it concerns now"),
            "opts": self.opts,
            "step": step,
            "again": self.sent_again(request),
            **clocks_at(step),
        }
        return TemplateResponse(request, "admin/cases/ladder_preview.html", context)


@admin.register(Rearming)
class RearmingAdmin(RecordAdmin):
    """Each change of calendars, service levels and ladder, and how far its clocks have followed."""

    list_display = ("what", "requested_at", "by_whom", "how_far", "moved", "mark")
    list_display_links = ("what",)
    list_filter = (("state", ChoicesDropdownFilter),)
    list_select_related = ("requested_by",)
    sortable_by = ()
    fields = (
        "what",
        "requested_at",
        "by_whom",
        "mark",
        "how_far",
        "total",
        "looked_at",
        "moved",
        "finished_at",
    )

    @admin.display(description=_("what was changed"))
    def what(self, row: Rearming) -> str:
        return row.reason_in_words

    @admin.display(description=_("asked by"))
    def by_whom(self, row: Rearming) -> str:
        return str(row.requested_by or _("System"))

    @admin.display(description=_("how far"))
    def how_far(self, row: Rearming) -> SafeString:
        """What began to run meanwhile is looked at too, so that there may be more than were counted."""
        total = max(row.total, row.looked_at, 1)
        looked_at = total if row.state == JobState.DONE else row.looked_at
        words = _("%(part)d of %(whole)d clocks") % {"part": row.looked_at, "whole": row.total}
        bar = '<progress class="bh-progress" value="{}" max="{}" aria-label="{}"></progress> <span>{}</span>'
        return format_html(bar, looked_at, total, words, words)

    @admin.display(description=_("state"))
    def mark(self, row: Rearming) -> SafeString:
        return badge(*MARKS[JobState(row.state)], row.get_state_display())
