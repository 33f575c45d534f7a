"""The outbox: what is owed, sent and given up, and events whose notices could not be worked out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action

from cases.admin.badges import badge
from cases.admin.base import RecordAdmin
from cases.admin.staff import dialog
from cases.channels.catching import caught_text
from cases.channels.causes import in_words
from cases.choices import NoticeState
from cases.exceptions import CaseError
from cases.models import Announcement, Notice
from cases.notices.replaying import replay_notice, retry_announcement
from cases.notices.situations import label_of, situation_choices

MARKS = {
    NoticeState.WAITING: ("waiting", "hourglass_top"),
    NoticeState.SENT: ("due-on_time", "check_circle"),
    NoticeState.DEAD: ("due-late", "error"),
    NoticeState.DIGESTED: ("plain", "inventory_2"),
    NoticeState.NEEDLESS: ("plain", "cancel_schedule_send"),
}
MOST_AT_ONCE = 500


class SituationFilter(DropdownFilter):
    title = _("situation")
    parameter_name = "situation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return situation_choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notice]) -> QuerySet[Notice]:
        return queryset.filter(situation=self.value()) if self.value() else queryset


class ReplayMixin:
    """Who may send again what was given up."""

    def has_replay_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("cases.replay_notice")

    def case_link(self, case: Any) -> SafeString | str:
        if case is None:
            return "–"
        url = reverse("admin:cases_case_change", args=[case.pk])
        return format_html('<a class="bh-link" href="{}">{}</a>', url, case.number)


@admin.register(Notice)
class NoticeAdmin(ReplayMixin, RecordAdmin):
    list_display = (
        "created_at",
        "what",
        "channel",
        "recipient",
        "about",
        "mark",
        "attempts",
        "next_attempt_at",
        "why",
    )
    list_display_links = ("created_at", "what")
    list_filter = (("state", ChoicesDropdownFilter), ("channel", ChoicesDropdownFilter), SituationFilter)
    list_select_related = ("staff", "customer", "endpoint", "case")
    list_before_template = "admin/cases/outbox.html"
    sortable_by = ()
    search_fields = ("case__number",)
    search_help_text = _("The whole number of a case")
    actions = ("replay",)
    actions_detail = ("send_again",)
    fieldsets = (
        (None, {"fields": ("what", "channel", "recipient", "in_place_of", "about", "urgent", "language")}),
        (_("Text"), {"fields": ("subject", "body", "caught", "digest")}),
        (_("Sending"), {"fields": ("mark", "why", "attempts", "created_at", "next_attempt_at", "sent_at")}),
        (_("Again"), {"fields": ("replayed_at", "replayed_by", "key")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return super().get_queryset(request).order_by("-pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notice], search_term: str
    ) -> tuple[QuerySet[Notice], bool]:
        words = search_term.strip().upper()
        return (queryset.filter(case__number=words) if words else queryset), False

    def get_fieldsets(self, request: HttpRequest, obj: Notice | None = None) -> Any:
        """What was caught is shown where everything is caught, with the links that are in it."""
        return [
            (title, {"fields": tuple(name for name in rows["fields"] if _is_shown(name))})
            for title, rows in self.fieldsets
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        ours = {
            "waiting": Notice.objects.filter(state=NoticeState.WAITING).count(),
            "dead": Notice.objects.filter(state=NoticeState.DEAD).count(),
            "held": Announcement.objects.filter(attempts__gt=0).count(),
            "caught": settings.OUTGOING == "catch",
        }
        return super().changelist_view(request, {**(extra_context or {}), **ours})

    @admin.display(description=_("situation"))
    def what(self, obj: Notice) -> str:
        return label_of(obj.situation)

    @admin.display(description=_("recipient"))
    def recipient(self, obj: Notice) -> str:
        """A customer by number: the list is no place for names."""
        return obj.customer.number if obj.customer else str(obj.staff or obj.endpoint)

    @admin.display(description=_("case"))
    def about(self, obj: Notice) -> SafeString | str:
        return self.case_link(obj.case)

    @admin.display(description=_("state"))
    def mark(self, obj: Notice) -> SafeString:
        kind, icon = MARKS[NoticeState(obj.state)]
        return badge(kind, icon, obj.get_state_display())

    @admin.display(description=_("error"))
    def why(self, obj: Notice) -> str:
        return in_words(obj.error) or "–"

    @admin.display(description=_("kept on this machine"))
    def caught(self, obj: Notice) -> SafeString | str:
        text = caught_text(str(obj.key))
        return format_html('<pre class="bh-caught">{}</pre>', text) if text else "–"

    @admin.action(description=_("Send again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """Those that were given up; others among the ticked are left as they are."""
        dead = queryset.filter(state=NoticeState.DEAD).order_by("pk")
        done = 0
        for pk in list(dead.values_list("pk", flat=True)[:MOST_AT_ONCE]):
            try:
                replay_notice(pk, actor=request.user)
            except CaseError as refusal:
                messages.error(request, str(refusal))
            else:
                done += 1
        words = ngettext("%(count)d notice is sent again.", "%(count)d notices are sent again.", done)
        messages.success(request, words % {"count": done})

    @action(
        description=_("Send again"),
        permissions=["replay"],
        icon="replay",
        dialog=dialog(
            _("Send this notice again?"),
            _("All attempts begin anew. Whoever got it already can tell by its key."),
            _("Send again"),
        ),
    )
    def send_again(self, request: HttpRequest, form: Form, object_id: str) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        try:
            replay_notice(int(object_id), actor=request.user)
        except CaseError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("It is sent again."))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:cases_notice_change", args=[object_id])})


def _is_shown(name: str) -> bool:
    return name != "caught" or settings.OUTGOING == "catch"


@admin.register(Announcement)
class AnnouncementAdmin(ReplayMixin, RecordAdmin):
    """Events whose notices are still to be worked out: those that failed first."""

    list_display = ("created_at", "kind", "about", "attempts", "held_until", "error")
    list_select_related = ("event__case",)
    sortable_by = ()
    fields = ("created_at", "kind", "about", "attempts", "held_until", "error")
    actions = ("retry",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Announcement]:
        return super().get_queryset(request).order_by(F("attempts").desc(), "pk")

    @admin.display(description=_("event"))
    def kind(self, obj: Announcement) -> str:
        return obj.event.get_kind_display()

    @admin.display(description=_("case"))
    def about(self, obj: Announcement) -> SafeString | str:
        return self.case_link(obj.event.case)

    @admin.action(description=_("Try again now"), permissions=["replay"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Announcement]) -> None:
        for pk in list(queryset.values_list("pk", flat=True)[:MOST_AT_ONCE]):
            try:
                retry_announcement(pk, actor=request.user)
            except CaseError as refusal:
                messages.warning(request, str(refusal))
        messages.success(request, _("They are tried again now."))
