"""What the page of a case shows beside its timeline, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Count, OuterRef, Prefetch, Subquery, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone

from cases.admin.badges import state_badge, urgency_badge, vip_mark
from cases.admin.chain import chain_of
from cases.admin.clocks import clocks_of, read_timers
from cases.admin.customer_links import links_panel
from cases.admin.state_path import state_path
from cases.admin.timeline import build_timeline
from cases.admin.transitions import find_case
from cases.models import Case, EventKind, Round, SupportRequest
from cases.services import offers

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    timers = read_timers(case)
    timeline = build_timeline(case, before=before)
    milestones = timeline.milestones
    return {
        "case": case,
        "customer": case.customer,
        "badges": [urgency_badge(case), state_badge(case), vip_mark(case.customer)],
        "path": state_path(case, [event for event in milestones if is_change(event)], at),
        "clocks": clocks_of(case, timers, at),
        "chain": chain_of(case, milestones, timers, at),
        "moves": offers(case, staff),
        "timeline": timeline,
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


def is_change(event: CaseEvent) -> bool:
    return event.from_state != event.to_state


def earlier_cases(case: Case, staff: Staff) -> EarlierCases:
    """In one query, whose first row is the case itself: it is there also where no other may be seen."""
    all_of_them = (
        Case.objects.filter(customer=OuterRef("customer"))
        .order_by()
        .values("customer")
        .annotate(n=Count("pk"))
    )
    own_first = models.Case(models.When(pk=case.pk, then=0), default=1)
    visible = Case.objects.visible_to(staff).filter(customer=case.customer).select_related("topic")
    rows = visible.annotate(found=Subquery(all_of_them.values("n")))
    itself, *shown = rows.order_by(own_first, "-received_at", "-pk")[: EARLIER_SHOWN + 1]
    found = f"{reverse('admin:cases_case_changelist')}?q={case.customer.number}"
    return EarlierCases(shown, itself.found - 1 - len(shown), found)


def linked_cases(case: Case, milestones: Sequence[CaseEvent], staff: Staff) -> list[Case]:
    """The case this one duplicates and those that duplicate it, as far as this person may see them."""
    ids = {event.data.get("case") for event in milestones if event.kind == EventKind.LINK_DUPLICATE}
    ids |= {case.duplicate_of_id}
    return list(Case.objects.visible_to(staff).filter(pk__in=ids - {None})) if ids - {None} else []
