"""The clocks of a case in the database: made to agree with the case in the step that changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.choices import State
from cases.clock import database_now as database_now
from cases.exceptions import NotPossible
from cases.expected_clocks import awaits_promise, expected_clocks
from cases.models import Timer
from cases.services.bulk_rows import MANY, insert_rows, values_of, without_key
from cases.services.set_wise import among, update_rows
from cases.standards import Standards, Traits, remembered_standards
from cases.timers import Sync, next_deadline, sync_timers
from cases.worktime import NoWorkingTime

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from cases.models import Case, ServiceLevelVersion, SupportRequest

IDENTITY = ("case", "kind", "round_number", "cycle")
CHANGING = (
    "calendar",
    "budget",
    "target_at",
    "used",
    "running_since",
    "paused_at",
    "paused_for",
    "pauses",
    "due_at",
    "passed",
    "next_percent",
    "next_at",
    "not_before",
    "stopped_at",
    "end",
    "standards",
    "held_until",
)


def rows_to_sync(cases: Sequence[Case]) -> dict[int, list[Timer]]:
    """By case: the clocks of its present round, and whatever still runs of earlier ones."""
    found: dict[int, list[Timer]] = {case.pk: [] for case in cases}
    rounds = {case.pk: case.round_number for case in cases}
    wanted = Q(round_number__in=set(rounds.values())) | Q(stopped_at=None)
    rows = (
        Timer.objects.filter(wanted, among("case_id", found)).select_related("support__team") if found else ()
    )
    for row in rows:
        if row.stopped_at is None or row.round_number == rounds[row.case_id]:
            found[row.case_id].append(row)
    return found


def plan_sync(
    case: Case, rows: Sequence[Timer], *, cause: str, at: datetime, asked: Collection[SupportRequest] = ()
) -> list[Timer]:
    """
    The rows that must be written so that the clocks fit the case, which is told its next deadline.

    ``asked`` are support requests made in this very step, ``cause`` the kind of its event. Raises NotPossible
    where a calendar has not the working time that is promised.
    """
    standards = case.standards
    follow_version(case, rows)
    clocks = expected_clocks(case, standards, _unfinished(rows, asked), plan_since(case))
    try:
        changed = sync_timers(Sync(case, standards, at, cause), rows, clocks)
    except NoWorkingTime:
        raise NotPossible(
            _("The calendar has too little working time for what is promised here. Have it looked at.")
        ) from None
    for row in changed:
        row.case = case
    show_next_deadline(case, {id(row): row for row in (*rows, *changed)}.values())
    return changed


def _unfinished(rows: Sequence[Timer], asked: Collection[SupportRequest]) -> list[SupportRequest]:
    known = {row.support.pk: row.support for row in rows if row.support and row.stopped_at is None}
    known.update({support.pk: support for support in asked})
    return [support for support in known.values() if support.is_unfinished]


def follow_version(case: Case, rows: Sequence[Timer]) -> None:
    """
    Take over the version of a service level that was made for open cases since these clocks were reckoned.

    Any other case keeps the version it began with, whatever else of it or of the standards has changed.
    """
    if case.service_level is not None and not case.is_open:
        return
    version = case.standards.version_for(traits_of(case), case.received_at)
    if case.service_level is None or (version and _was_made_since(version, case, rows)):
        case.service_level = version


def _was_made_since(version: ServiceLevelVersion, case: Case, rows: Sequence[Timer]) -> bool:
    """Whether it is for open cases, and one of these clocks has not followed it yet."""
    reckoned = min((row.standards for row in rows if row.stopped_at is None), default=case.standards.number)
    return version.applies_to_open and version.stamp > reckoned


def plan_since(case: Case) -> datetime | None:
    """When the present round began to wait for an improvement plan; None where it waits for none."""
    if case.round_number == 1 or case.state not in (State.ANALYSIS, State.HANDLING):
        return None
    present = case.current_round
    return present.opened_at if present.lacks_plan else None


def show_next_deadline(case: Case, rows: Collection[Timer]) -> None:
    """What lists sort by: the next running clock or, before promise and result, what the customer expects."""
    row = next_deadline(rows)
    moments = [(row.due_at, row.kind)] if row and row.due_at else []
    if case.expected_at and awaits_promise(case):
        moments.append((case.expected_at, ""))
    case.due_at, case.due_clock = min(moments, default=(None, ""))


def write_timers(rows: Sequence[Timer]) -> None:
    """
    One statement, whatever is new and whatever changed; stopped clocks come first in ``rows``. Many take two,
    which is quicker.
    """
    if len(rows) >= MANY:
        update_rows(Timer, [row for row in rows if row.pk], CHANGING)
        insert_rows(Timer, [values_of(row) for row in rows if not row.pk])
    elif rows:
        Timer.objects.bulk_create(
            map(without_key, rows),
            update_conflicts=True,
            unique_fields=list(IDENTITY),
            update_fields=list(CHANGING),
        )


def traits_of(case: Case) -> Traits:
    """What service levels look at in this case; its customer must be at hand."""
    return Traits(case.urgency, case.type, case.channel, case.intake_team_id, case.customer.vip_level)


def follow_urgency(case: Case, *, was: str) -> None:
    """Another service level only where levels differ by urgency; else the case keeps what it began with."""
    traits = traits_of(case)
    before = case.standards.version_for(replace(traits, urgency=was), case.received_at)
    now = case.standards.version_for(traits, case.received_at)
    if now is not None and now is not before:
        case.service_level = now


def standards_seen(number: int | None, key: UUID | None) -> Standards:
    """The standards in force when a case was locked, by what the lock read of the stamp."""
    return Standards(0) if number is None or key is None else remembered_standards(number, key)
