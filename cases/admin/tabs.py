"""The tabs of the case list: the queues a person works through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.admin.paging import DEADLINE, NEWEST, Order
from cases.models import Staff
from cases.querysets import CaseQuerySet


@dataclass(frozen=True)
class Tab:
    """``narrow`` leaves the rows of the tab; ``empty`` says what to do when there are none."""

    label: str | Promise
    narrow: Callable[[CaseQuerySet, Staff, datetime], CaseQuerySet]
    empty: str | Promise
    order: Order = NEWEST


def of_own_teams(cases: CaseQuerySet, staff: Staff) -> CaseQuerySet:
    """Of the teams the person works in or supervises."""
    return cases.filter(team_id__in=staff.team_ids | staff.led_team_ids)


TABS = {
    "mine": Tab(
        _("Mine"),
        lambda cases, staff, at: cases.handled_by(staff),
        _("You handle no open case. Look at “Unclaimed” and claim one."),
        DEADLINE,
    ),
    "team": Tab(
        _("My team"),
        lambda cases, staff, at: of_own_teams(cases.under_way(), staff),
        _("Your teams have no open case."),
    ),
    "unclaimed": Tab(
        _("Unclaimed"),
        lambda cases, staff, at: cases.unclaimed(),
        _("Every case has its handler. Nothing waits to be claimed."),
    ),
    "late": Tab(
        _("Late"),
        lambda cases, staff, at: cases.late(at),
        _("No case is late."),
        DEADLINE,
    ),
    "waiting": Tab(
        _("Waiting for the customer"),
        lambda cases, staff, at: cases.waiting_for_customer(),
        _("No case waits for its customer."),
    ),
    "dissatisfied": Tab(
        _("Dissatisfied"),
        lambda cases, staff, at: cases.dissatisfied(),
        _("No open case has a dissatisfied customer."),
    ),
    "all": Tab(
        _("All"),
        lambda cases, staff, at: cases,
        _("No case is here yet. Register the first one."),
    ),
}
EVERYTHING = "all"
