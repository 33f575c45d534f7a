"""How the machinery runs, and how often each of its parts does."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_celery_beat import admin as theirs  # registers its pages, which ours take the place of
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from unfold.admin import ModelAdmin

from cases.admin.base import ROWS, KeptMixin, OwnFiltersMixin, RecordAdmin
from cases.admin.desk import Figure
from cases.choices import NoticeChannel
from cases.models import Heartbeat
from cases.services.health import LATE_AFTER, Health, present_health

PARTS: dict[str, Promise] = {
    "tick": _("Clocks"),
    "announcements": _("Working out notices"),
    "work_out_announcements": _("Working out notices"),
    "rearming": _("Reckoning clocks anew"),
    "rearm_clocks": _("Reckoning clocks anew"),
    "janitor": _("Clearing away"),
    "report_alive": _("Call to the outside that all is well"),
    "deadman": _("Call to the outside that all is well"),
    "ticker": _("Ticker"),
    "beat": _("Beat"),
    "web": _("Site, asked whether it is ready"),
}
BROKER = {"none": _("not used"), "there": _("answers"), "away": _("does not answer")}


def part_in_words(name: str) -> str:
    """``send:email``, ``worker:tick`` or a plain name, for a person."""
    kind, _colon, of = name.partition(":")
    if kind == "send" and of in NoticeChannel.values:
        return _("Sending: %(channel)s") % {"channel": NoticeChannel(of).label}
    if kind == "worker":
        return _("Worker: %(queue)s") % {"queue": of}
    return str(PARTS.get(name, name))


def age_in_words(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return ngettext("%(count)d second", "%(count)d seconds", round(seconds)) % {"count": round(seconds)}


def figures_of(health: Health) -> list[Figure]:
    """What stands above the list of the parts."""
    return [
        _figure(_("Since the last tick"), age_in_words(health.tick_age), health.state == "late"),
        _age_figure(_("Oldest clock due"), health.oldest_due_clock),
        _count_figure(_("Clocks held back"), health.clocks_held),
        _age_figure(_("Oldest notice due"), health.oldest_due_notice),
        _age_figure(_("Oldest notice tried in vain"), health.oldest_failing_notice),
        _count_figure(_("Notices given up"), health.notices_dead),
        _figure(_("Events whose notices wait"), str(health.announcements), health.announcements_held > 0),
        _figure(_("Reckoning anew"), str(_("Under way") if health.rearming else "–"), False),
        _figure(_("Broker"), str(BROKER[health.broker]), health.broker == "away"),
        *(
            _figure(_("Queue %(name)s") % {"name": name}, str(length), False)
            for name, length in (health.queues or {}).items()
        ),
    ]


def _figure(label: str | Promise, value: str, alarming: bool) -> Figure:
    return Figure(label, value, "", level="late" if alarming else "")


def _age_figure(label: Promise, seconds: float | None) -> Figure:
    return _figure(label, age_in_words(seconds), (seconds or 0) > LATE_AFTER)


def _count_figure(label: Promise, count: int) -> Figure:
    return _figure(label, str(count), count > 0)


@admin.register(Heartbeat)
class HeartbeatAdmin(RecordAdmin):
    """The last run of each part, below what they say taken together."""

    list_display = ("part", "at", "counts")
    list_display_links = None
    list_before_template = "admin/cases/machinery.html"
    fields = ("name", "at", "detail")

    @admin.display(description=_("part"))
    def part(self, row: Heartbeat) -> str:
        return part_in_words(row.name)

    @admin.display(description=_("detail"))
    def counts(self, row: Heartbeat) -> str:
        return ", ".join(f"{name} {value}" for name, value in row.detail.items()) or "–"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        health = present_health()
        ours = {"health": health, "figures": figures_of(health)}
        return super().changelist_view(request, {**(extra_context or {}), **ours})


class ScheduleForm(ModelForm):
    """A row of the schedule always says how often."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "interval" in self.fields:
            self.fields["interval"].required = True


class PeriodicTaskAdmin(OwnFiltersMixin, KeptMixin, ModelAdmin):
    """What beat and the ticker wake: whether and how often, not what."""

    form = ScheduleForm
    list_display = ("part", "enabled", "interval", "last_run_at")
    list_select_related = ("interval",)
    list_per_page = ROWS
    fields = ("part", "name", "what", "args", "enabled", "interval", "expire_seconds", "last_run_at")
    readonly_fields = ("part", "name", "what", "args", "expire_seconds", "last_run_at")

    @admin.display(description=_("part"))
    def part(self, row: PeriodicTask) -> str:
        return part_in_words(row.name)

    @admin.display(description=_("task"))
    def what(self, row: PeriodicTask) -> str:
        return str(row.task)  # the library's own label has no translation

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class IntervalScheduleAdmin(OwnFiltersMixin, KeptMixin, ModelAdmin):
    """How often: shared by the rows of the schedule that name it."""

    list_display = ("__str__", "every", "period")
    list_per_page = ROWS


for model in (
    theirs.ClockedSchedule,
    theirs.CrontabSchedule,
    theirs.IntervalSchedule,
    theirs.PeriodicTask,
    theirs.SolarSchedule,
):
    admin.site.unregister(model)  # crontabs and the like are nothing the ticker knows
admin.site.register(PeriodicTask, PeriodicTaskAdmin)
admin.site.register(IntervalSchedule, IntervalScheduleAdmin)
