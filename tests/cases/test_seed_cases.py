from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from io import StringIO
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from cases.choices import CaseType, State
from cases.models import Case, CaseEvent, Customer, Round, RoutingRule, Staff, Team
from cases.seeding.bulk import seed_cases
from cases.seeding.days import moment_of, spread
from cases.services import register_case, transition_case
from cases.timers import DEADLINES
from tests.factories import TeamFactory
from tests.invariants import violations

SHANGHAI = ZoneInfo("Asia/Shanghai")


def seed(total: int = 200) -> None:
    seed_cases(total, seed=1, processes=1)


def earliest_deadline(case: Case) -> datetime | None:
    """Of its running clocks and, before promise and result, the customer's wish."""
    clocks = case.timers.running().filter(kind__in=DEADLINES, due_at__isnull=False)
    moments = list(clocks.values_list("due_at", flat=True))
    before_result = case.state in (State.INTAKE, State.ANALYSIS, State.HANDLING)
    if before_result and case.expected_at and not case.promised_at:
        moments.append(case.expected_at)
    return min(moments, default=None)


@pytest.mark.django_db
def test_the_demo_leaves_an_organisation_that_is_there_alone() -> None:
    TeamFactory()
    models = (Staff, Team, Customer, RoutingRule, Case)
    before = [model.objects.count() for model in models]

    call_command("seed_demo", stdout=StringIO())

    assert [model.objects.count() for model in models] == before


@pytest.mark.django_db
def test_seeded_rows_keep_every_promise_and_nothing_happens_in_the_future() -> None:
    seed()

    assert violations() == {}
    assert not CaseEvent.objects.filter(at__gt=timezone.now()).exists()


@pytest.mark.django_db
def test_seeded_cases_hold_what_the_services_would_have_derived() -> None:
    seed()

    for case in Case.objects.select_related("customer", "contact", "team", "topic"):
        assert case.search_text == case.searchable_text()
        assert case.due_at == earliest_deadline(case)
        assert case.intake_team is not None
        assert case.team is not None
        assert case.tier == case.team.tier
        assert case.contact is None or case.contact.customer_id == case.customer_id
        assert case.topic is not None
        assert case.topic.type == case.type
        assert case.rounds.count() == case.round_number
        assert case.rounds.filter(closed_at=None).exists() == case.is_open
        assert case.support_requests.unfinished().count() == 0 or case.is_open


@pytest.mark.django_db
def test_seeded_numbers_are_never_given_again() -> None:
    seed()
    seed(50)

    numbers = list(Case.objects.values_list("number", flat=True))
    assert len(set(numbers)) == 250
    registered = register_case(
        actor=None,
        customer=Customer.objects.all()[0],
        channel="phone",
        type="suggestion",
        description="新的建议",
        despite_duplicates=True,
    )
    assert registered.number not in numbers


@pytest.mark.django_db
def test_a_seeded_case_goes_on_through_the_services() -> None:
    seed()
    case = Case.objects.filter(state=State.INTAKE).first() or register_case(
        actor=None, customer=Customer.objects.all()[0], channel="phone", type="complaint", description="坏了"
    )
    assert case.team is not None
    agent = case.team.members.filter(username__startswith="seed-")[0]

    moved = transition_case(case.pk, "begin_analysis", actor=agent)

    assert (moved.state, moved.handler) == (State.ANALYSIS, agent)


@pytest.mark.django_db
def test_the_organisation_is_made_once_and_customers_are_an_eighth_of_the_cases() -> None:
    seed(80)
    seed(80)

    assert (Team.objects.count(), Staff.objects.count()) == (20, 200)
    assert Customer.objects.count() == 20
    assert not Staff.objects.exclude(password__startswith="!").exists()


@pytest.mark.django_db
def test_the_mix_is_that_of_a_real_desk() -> None:
    seed(600)

    types = Counter(Case.objects.values_list("type", flat=True))
    assert 0.43 < types[CaseType.CONSULTATION] / 600 < 0.59
    assert 0.31 < types[CaseType.COMPLAINT] / 600 < 0.47
    assert 4 < CaseEvent.objects.count() / 600 < 9
    assert Round.objects.filter(number=2).exists()
    assert Case.objects.search("物流").count() > Case.objects.search("钢琴").count()


@pytest.mark.django_db
def test_the_same_seed_makes_the_same_cases() -> None:
    seed(30)
    first = list(Case.objects.order_by("pk").values_list("description", "product")[:30])
    seed(30)

    assert list(Case.objects.order_by("pk").values_list("description", "product")[30:]) == first


@pytest.mark.django_db
def test_the_command_shows_its_progress_and_refuses_nonsense() -> None:
    out = StringIO()

    call_command("seed_cases", cases=20, stdout=out)

    assert "20 of 20" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("seed_cases", cases=0)


def test_days_hold_exactly_the_cases_asked_for_and_mondays_more_than_sundays() -> None:
    days = spread(10_000, date(2026, 3, 31))

    sizes = days.sizes()
    assert sum(sizes.values()) == 10_000
    assert days.of(9_999)[0] == date(2026, 3, 31)
    by_weekday = Counter[int]()
    for day, size in sizes.items():
        by_weekday[day.weekday()] += size
    assert by_weekday[0] > 1.5 * by_weekday[6]


def test_the_cases_of_a_day_come_in_order_and_within_the_day() -> None:
    chance = Random(1)

    moments = [moment_of(date(2026, 3, 31), place, 500, SHANGHAI, chance) for place in range(500)]

    assert moments == sorted(moments)
    assert 0 <= moments[0] - 1774886400 < moments[-1] - 1774886400 < 24 * 3600
