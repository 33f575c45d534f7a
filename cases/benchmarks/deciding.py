"""Clocks at whose level the system itself decides: dispatch the untriaged, archive the unanswered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any

from django.db import transaction

from cases.benchmarks.ground import Ground
from cases.benchmarks.made_clocks import settle, tick_until_done
from cases.benchmarks.second_ticker import can_be_shared, second_ticker
from cases.choices import CaseType, Channel, ClockKind, Confirmation, Source, Stage, State, Tier
from cases.clock import database_now
from cases.models import Announcement, Case, CaseEvent, Customer, EventKind, Round, RoutingRule, Team, Timer
from cases.notices.expanding import work_out_announcements
from cases.seeding.bulk import analyze
from cases.services.bulk_rows import insert_rows, reserve_ids
from cases.services.rearming import arm_anew

RATE = 1_000  # paper on speed: cases a second
MOST = 6_000
DAY_OF_MADE = "CS20110308"  # a day of which no other case was made up
LAST = 32_000  # after every other rule


@dataclass(frozen=True)
class Expiry:
    """A clock that moves cases out of a state in which they have been for so long."""

    name: str
    state: State
    kind: str
    ago: timedelta


TRIAGE = Expiry("triage expiry", State.INTAKE, ClockKind.TRIAGE, timedelta(minutes=31))
CONFIRMATION = Expiry(
    "confirmation expiry", State.CONFIRMATION, ClockKind.CONFIRMATION_EXPIRY, timedelta(hours=73)
)


def measure_deciding(ground: Ground) -> None:
    """Cases a second, with their events, clocks and commits, by one process and by two; the cases stay."""
    settle()
    with _rule_for_all():
        for expiry in (TRIAGE, CONFIRMATION):
            _expire(ground, f"{expiry.name}: rate", expiry, _alone)
            if can_be_shared(ground):
                with second_ticker() as other:
                    _expire(ground, f"{expiry.name} by two tickers: rate", expiry, lambda: other.run()[0])


def _alone() -> float:
    begun = perf_counter()
    tick_until_done()
    return perf_counter() - begun


def _expire(ground: Ground, name: str, expiry: Expiry, work: Callable[[], float]) -> None:
    count = min(MOST, ground.due, ground.cases)
    pks = _make_cases(count, expiry.state, database_now() - expiry.ago)
    clocks = Timer.objects.filter(case_id__in=pks)
    clocks.exclude(kind=expiry.kind).update(next_at=None, next_percent=None)
    clocks.filter(kind=expiry.kind).update(passed=80, next_percent=100, next_at=database_now())
    analyze()
    spent = work()
    decided = Case.objects.filter(pk__in=pks).exclude(state=expiry.state).count()
    if decided != count:
        raise RuntimeError(f"{name}: {decided} of {count} cases were moved")
    ground.tell(name, round(count / spent), "cases/s", aim=RATE, cases=count)


@contextmanager
def _rule_for_all() -> Iterator[None]:
    """A routing rule that fits every case, for as long as the block."""
    team = Team.objects.filter(active=True, tier=Tier.SPECIALISTS).order_by("pk")[0]
    rule = RoutingRule.objects.create(stage=Stage.DISPATCH, team=team, position=LAST)
    try:
        yield
    finally:
        rule.delete()


@transaction.atomic
def _make_cases(count: int, state: State, since: datetime) -> list[int]:
    """Cases that came into this state at once and were forgotten there."""
    first = Case.objects.filter(number__startswith=DAY_OF_MADE).count() + 1
    known = Customer.objects.order_by("pk").values_list("pk", flat=True)[:count]
    pks = reserve_ids(Case, count)
    team = Team.objects.filter(active=True, tier=Tier.FRONT_LINE).order_by("pk")[0]
    facts = {"state": state.value, "team_id": team.pk, "intake_team_id": team.pk, "received_at": since}
    if state == State.CONFIRMATION:
        facts["confirmation"] = Confirmation.PENDING.value
    rows = [
        _case(pk, f"{DAY_OF_MADE}{first + at:06d}", customer) | facts | {"state_since": since}
        for at, (pk, customer) in enumerate(zip(pks, cycle(known), strict=False))
    ]
    insert_rows(Case, rows, with_ids=True)
    insert_rows(Round, ({"case_id": pk, "number": 1, "opened_at": since} for pk in pks))
    insert_rows(CaseEvent, (_event(pk, state, team.pk, since) for pk in pks))
    arm_anew(pks, since)
    return pks


def _case(pk: int, number: str, customer_id: int) -> dict[str, Any]:
    return {
        "id": pk,
        "number": number,
        "customer_id": customer_id,
        "channel": Channel.PHONE.value,
        "source": Source.STAFF.value,
        "type": CaseType.CONSULTATION.value,
        "description": "订单显示已签收，但未收到货，请核实。",
        "search_text": number,
        "version": 1,
    }


def _event(pk: int, state: State, team_id: int, at: datetime) -> dict[str, Any]:
    return {
        "case_id": pk,
        "seq": 1,
        "kind": EventKind.REGISTER.value,
        "at": at,
        "to_state": state.value,
        "team_id": team_id,
        "imported": True,
    }


def measure_announcements(ground: Ground) -> None:
    """Events a second whose notices are worked out, of those the measurements before have left behind."""
    events = Announcement.objects.count()
    if not events:
        measure_deciding(ground)
        events = Announcement.objects.count()
    begun = perf_counter()
    made = sum(iter(work_out_announcements, 0))
    spent = perf_counter() - begun
    events -= Announcement.objects.count()
    ground.tell("announcements worked out: rate", round(events / spent), "events/s", cases=events)
    ground.tell("announcements worked out: notices", made, "notices", cases=events)
