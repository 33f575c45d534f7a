"""
My desk: what this person has to do next, on the first page of the admin.

A fixed number of queries, whatever the rows: each part reads a few rows more than it shows, and figures are
counted by the database in one statement each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.admin.case_list import Row, rows_of
from cases.admin.escalations import MISSED, missed_deadlines, visible_escalations
from cases.admin.filters import start_of
from cases.admin.inbox import Bell
from cases.admin.tabs import of_own_teams
from cases.choices import Confirmation
from cases.models import Case, Staff
from cases.querysets import CaseQuerySet
from cases.services.health import present_pulse

SHOWN = 8
HANDLERS = 10


@dataclass(frozen=True)
class Part:
    """One queue of the desk; ``more`` leads to the list where there are more rows than shown."""

    name: str
    title: str | Promise
    icon: str
    empty: str | Promise
    link: str
    rows: list[Row] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True)
class Figure:
    """One number of today and the list of its rows."""

    label: str | Promise
    value: str
    link: str
    level: str = ""


def list_link(**query: str | int) -> str:
    return f"{reverse('admin:cases_case_changelist')}?{urlencode(query)}"


def parts_for(staff: Staff, at: datetime) -> list[Part]:
    mine = Case.objects.handled_by(staff)
    return [
        _part(
            mine.by_next_deadline(),
            at,
            "mine",
            _("My cases by next deadline"),
            "assignment_ind",
            _("You handle no open case. Look at what waits unclaimed in your team."),
            list_link(tab="mine"),
        ),
        _part(
            of_own_teams(Case.objects.unclaimed(), staff).by_next_deadline(),
            at,
            "unclaimed",
            _("My team's unclaimed cases"),
            "person_off",
            _("Nothing of your teams waits to be claimed."),
            list_link(tab="unclaimed"),
        ),
        _part(
            Case.objects.visible_to(staff).late(at).order_by("due_at", "pk"),
            at,
            "late",
            _("Late"),
            "warning",
            _("No case is late."),
            list_link(tab="late"),
        ),
        _part(
            mine.exclude(reminded_at=None).order_by("reminded_at", "pk"),
            at,
            "reminded",
            _("Reminders for me"),
            "campaign",
            _("Nobody had to remind you of a case."),
            list_link(tab="mine"),
        ),
    ]


def _part(
    cases: CaseQuerySet,
    at: datetime,
    name: str,
    title: str | Promise,
    icon: str,
    empty: str | Promise,
    link: str,
) -> Part:
    found = list(rows_of(cases)[: SHOWN + 1])
    rows = [Row(case, at) for case in found[:SHOWN]]
    return Part(name, title, icon, empty, link, rows, more=len(found) > SHOWN)


def figures_for(staff: Staff, at: datetime) -> list[Figure]:
    """Today's figures among the cases this person sees; today is the local day of ``at``."""
    today = timezone.localdate(at)
    morning = start_of(today)
    visible = Case.objects.visible_to(staff)
    registered = visible.filter(received_at__gte=morning).count()
    archived = visible.filter(archived_at__gte=morning).aggregate(
        all=Count("pk"), satisfied=Count("pk", filter=Q(confirmation=Confirmation.SATISFIED))
    )
    late = visible.late(at).count()
    day = f"{today:%Y-%m-%d}"
    archived_today = {"archived_from": day, "archived_to": day}
    return [
        Figure(_("Registered today"), str(registered), list_link(**{"from": day, "to": day})),
        Figure(_("Archived today"), str(archived["all"]), list_link(**archived_today)),
        Figure(
            _("Of them confirmed satisfied"),
            _share(archived["satisfied"], archived["all"]),
            list_link(**archived_today, confirmation=Confirmation.SATISFIED),
        ),
        Figure(_("Late now"), str(late), list_link(tab="late"), level="late" if late else ""),
        _missed_today(staff, morning, day),
    ]


def _missed_today(staff: Staff, morning: datetime, day: str) -> Figure:
    count = missed_deadlines(visible_escalations(staff)).filter(fired_at__gte=morning).count()
    query = urlencode({"level": MISSED, "from": day, "to": day})
    link = f"{reverse('admin:cases_escalation_changelist')}?{query}"
    return Figure(_("Deadlines missed today"), str(count), link, level="late" if count else "")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def open_by_handler(staff: Staff) -> list[Figure]:
    """Who has most open cases among those this person sees, at most ``HANDLERS`` people."""
    rows = (
        Case.objects.visible_to(staff)
        .under_way()
        .exclude(handler=None)
        .order_by()
        .values("handler", "handler__name")
        .annotate(open=Count("pk"))
        .order_by("-open", "handler")[:HANDLERS]
    )
    return [
        Figure(row["handler__name"], str(row["open"]), list_link(handler=row["handler"], state="open"))
        for row in rows
    ]


def desk_of(staff: Staff, bell: Bell) -> dict[str, Any]:
    """What the template of the desk shows to this person now; the bell of the page knows their notices."""
    at = timezone.now()
    leads = staff.has_perm("cases.view_department_case") or staff.has_perm("cases.view_every_case")
    return {
        "at": timezone.localtime(at),
        "parts": parts_for(staff, at),
        "notices": bell.newest[:SHOWN],
        "figures": figures_for(staff, at) if leads else [],
        "handlers": open_by_handler(staff) if leads else [],
        "pulse": present_pulse() if staff.has_perm("cases.change_staff") else None,
        "may_register": staff.has_perm("cases.register_case"),
    }


def fill_index(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Puts the desk on the admin's first page (``DASHBOARD_CALLBACK`` of the theme)."""
    if request.user.has_perm("cases.view_case"):
        context["desk"] = desk_of(request.user, context["bell"])
    context["title"] = _("My desk")
    return context


class DeskMixin:
    """The part of the desk that refreshes itself, as a fragment."""

    def get_urls(self) -> list[Any]:
        fragment = path("desk/", self.admin_site.admin_view(self.desk_view), name="cases_case_desk")
        return [fragment, *super().get_urls()]

    def desk_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        return TemplateResponse(
            request, "admin/cases/desk.html", {"desk": desk_of(request.user, Bell(request.user))}
        )
