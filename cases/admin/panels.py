"""What the page of a case shows beside its timeline, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.admin.badges import Countdown, countdown, state_badge, urgency_badge, vip_mark
from cases.admin.customer_links import links_panel
from cases.admin.state_path import state_path
from cases.admin.timeline import build_timeline
from cases.admin.transitions import find_case
from cases.models import Case, EventKind, Round, SupportRequest
from cases.services import offers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.models import CaseEvent, Staff

EARLIER_SHOWN = 5
PARTS = (
    "customer__dedicated_agent",
    "customer__stand_in",
    "topic",
    "team__department",
    "handler",
    "contact",
    "duplicate_of",
)
LINKING = (EventKind.ATTACH_FILE, EventKind.LINK_DUPLICATE)


@dataclass(frozen=True)
class Deadline:
    label: str
    at: datetime
    countdown: Countdown | None


@dataclass(frozen=True)
class EarlierCases:
    """The customer's other cases: the newest this person may see, and how many more there are."""

    shown: Sequence[Case]
    others: int
    list_url: str


def read_case(staff: Staff, pk: object) -> Case:
    """The case with all that its page needs of its own rows; 404 when it is foreign."""
    case = find_case(staff, pk, *PARTS)
    rounds = Round.objects.select_related("handler")
    supports = SupportRequest.objects.select_related("team", "requested_by", "finished_by")
    prefetch = (Prefetch("rounds", rounds), Prefetch("support_requests", supports), "customer__contacts")
    prefetch_related_objects([case], *prefetch)
    case.current_round = next(row for row in case.rounds.all() if row.number == case.round_number)
    return case


def page_context(staff: Staff, case: Case, *, before: int | None) -> dict[str, Any]:
    at = timezone.now()
    milestones = list(milestones_of(case))
    return {
        "case": case,
        "customer": case.customer,
        "badges": [urgency_badge(case), state_badge(case), vip_mark(case.customer)],
        "path": state_path(case, [event for event in milestones if is_change(event)], at),
        "deadlines": deadlines_of(case, at),
        "moves": offers(case, staff),
        "timeline": build_timeline(case, before=before),
        "earlier": earlier_cases(case, staff),
        "rounds": list(case.rounds.all())[::-1],
        "supports": case.support_requests.all(),
        "attachments": [event.attachment for event in milestones if event.kind == EventKind.ATTACH_FILE],
        "duplicates": linked_cases(case, milestones, staff),
        "links_panel": links_panel(case, staff, at),
        "may_attach": staff.has_perm("cases.attach_file"),
        "may_reveal": staff.has_perm("cases.reveal_contact"),
        "seen_at": at,
    }


def milestones_of(case: Case) -> Any:
    """Events that changed the state, brought a file or linked a case: a fraction of a long history."""
    moved = ~Q(from_state=F("to_state"))
    return (
        case.events.filter(moved | Q(kind__in=LINKING))
        .select_related("attachment__uploaded_by")
        .order_by("seq")
    )


def is_change(event: CaseEvent) -> bool:
    return event.from_state != event.to_state


def deadlines_of(case: Case, at: datetime) -> list[Deadline]:
    """The promise and the wish with their countdown; an archived case has none running."""
    moments = ((_("Promised for"), case.promised_at), (_("Expected by the customer"), case.expected_at))
    return [
        Deadline(label, moment, countdown(moment, at) if case.is_open else None)
        for label, moment in moments
        if moment
    ]


def earlier_cases(case: Case, staff: Staff) -> EarlierCases:
    all_of_them = (
        Case.objects.filter(customer=OuterRef("customer"))
        .exclude(pk=case.pk)
        .order_by()
        .values("customer")
        .annotate(found=Count("pk"))
        .values("found")
    )
    visible = Case.objects.visible_to(staff).of_same_customer(case).newest_first().select_related("topic")
    shown = list(visible.annotate(found=Subquery(all_of_them))[:EARLIER_SHOWN])
    total = shown[0].found if shown else Case.objects.of_same_customer(case).count()
    found = f"{reverse('admin:cases_case_changelist')}?q={case.customer.number}"
    return EarlierCases(shown, total - len(shown), found)


def linked_cases(case: Case, milestones: Sequence[CaseEvent], staff: Staff) -> list[Case]:
    """The case this one duplicates and those that duplicate it, as far as this person may see them."""
    ids = {event.data.get("case") for event in milestones if event.kind == EventKind.LINK_DUPLICATE}
    ids |= {case.duplicate_of_id}
    return list(Case.objects.visible_to(staff).filter(pk__in=ids - {None})) if ids - {None} else []
