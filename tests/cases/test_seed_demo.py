from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from cases.choices import Outcome, Role, State
from cases.models import Case, Customer, RoutingRule, Staff, Team
from cases.seeding.demo_organisation import STAFF
from cases.seeding.demo_sheet import ROWS
from cases.services.record_cells import record_cells
from cases.services.routing import Traits, find_rule
from tests.around import made_around
from tests.invariants import violations

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module", autouse=True)
def printed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """What the command said when it filled the database that all tests here begin with."""
    with made_around(django_db_blocker, seed) as words:
        yield words


def counts() -> list[int]:
    return [model.objects.count() for model in (Staff, Team, Customer, RoutingRule, Case)]


def test_the_first_run_prints_a_password_for_every_login_and_it_works(printed: str) -> None:
    passwords = dict(re.findall(r"^([a-z]+\d?) +(\S{4}-\S{4}-\S{4}-\S{4})", printed, re.M))
    assert passwords.keys() == {"admin", *(row.username for row in STAFF)}
    for username, password in passwords.items():
        assert Staff.objects.get(username=username).check_password(password)


def test_a_second_run_adds_nothing_and_says_how_to_set_a_password() -> None:
    before = counts()

    said = seed()

    assert counts() == before
    assert "changepassword" in said
    assert not re.search(r"\S{4}-\S{4}-\S{4}-\S{4}", said)


def test_the_demo_has_every_role_every_state_and_every_kind_of_trouble() -> None:
    cases = Case.objects.all()
    assert set(Staff.objects.exclude(groups=None).values_list("groups__name", flat=True)) == set(Role.values)
    assert Staff.objects.filter(is_superuser=True).exists()
    assert set(cases.values_list("state", flat=True)) == set(State.values)
    assert set(cases.exclude(outcome="").values_list("outcome", flat=True)) == set(Outcome.values)
    assert cases.late(timezone.now()).exists()
    assert cases.dissatisfied().filter(round_number=2).exists()
    assert cases.exclude(waiting_for="").exists()
    assert cases.filter(support_requests__finished_at=None, support_requests__waived_at=None).exists()
    assert cases.filter(bounce_count__gt=0).exists()
    assert cases.filter(legal_hold=True).exists()


def test_the_last_rules_fit_every_case() -> None:
    for stage in ("intake", "dispatch"):
        assert find_rule(stage, Traits(type="suggestion", channel="api")) is not None


def test_every_demo_case_keeps_the_promises_of_the_rows() -> None:
    assert violations() == {}


def test_the_two_rows_of_the_record_sheet_come_back_cell_for_cell() -> None:
    imported = Case.objects.filter(number__startswith="CS20241001")
    assert list(record_cells(imported)) == list(ROWS)
    assert [case.handler_label for case in imported.order_by("number")] == ["张*", "李*"]
