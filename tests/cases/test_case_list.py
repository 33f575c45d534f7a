"""The list of cases: what a row says, its tabs, whom it shows what, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from pytest_django import DjangoAssertNumQueries

from cases.choices import ClockKind, State, VipLevel, WaitingFor
from cases.models import Case
from cases.services import transition_case
from tests.cases.listing import LIST, listed, open_list
from tests.factories import CustomerFactory, TeamFactory, make_case
from tests.scenes import Scene

AT_MOST = 12


def late(case: Case) -> Case:
    """The same case with its deadline an hour ago: time is not waited for."""
    Case.objects.filter(pk=case.pk).update(due_at=timezone.now() - timedelta(hours=1))
    return case


def test_a_row_says_what_matters(client: Client, scene: Scene) -> None:
    vip = CustomerFactory(vip_level=VipLevel.GOLD)
    case = scene.case(State.HANDLING, customer=vip)
    client.force_login(scene.specialist)
    page = client.get(reverse(LIST)).content.decode()
    for words in (
        case.number,
        vip.number,
        "bh-vip",
        "订单显示已签收",
        "bh-due-on_time",
        scene.specialist.name,
    ):
        assert words in page


def test_lateness_is_said_in_words_and_by_an_icon(client: Client, scene: Scene) -> None:
    late(scene.case(State.HANDLING))
    client.force_login(scene.specialist)
    client.cookies["django_language"] = "en"
    scene.specialist.language = "en"
    scene.specialist.save()
    page = client.get(reverse(LIST)).content.decode()
    assert "late by 1 h" in page
    assert ">warning<" in page


def test_every_tab_shows_its_queue(client: Client, scene: Scene) -> None:
    intake = scene.case()
    handled = scene.case(State.HANDLING)
    overdue = late(scene.case(State.HANDLING))
    waiting = scene.case(State.ANALYSIS)
    transition_case(waiting.pk, "wait_for", actor=scene.agent, note="等客户", waiting_for=WaitingFor.CUSTOMER)
    disputed = scene.case(State.CONFIRMATION)
    transition_case(disputed.pk, "dispute", actor=None, solved=False)
    archived = scene.case(State.ARCHIVE)
    everybody = {intake, handled, overdue, waiting, disputed, archived}
    expected = {
        "mine": {disputed},
        "team": everybody - {archived},
        "unclaimed": {intake},
        "late": {overdue},
        "waiting": {waiting},
        "dissatisfied": {disputed},
        "all": everybody,
    }
    for tab, cases in expected.items():
        assert set(listed(client, scene.supervisor, tab=tab)) == cases, tab


def test_the_active_tab_is_marked_and_an_unknown_one_is_all(client: Client, scene: Scene) -> None:
    for tab, name in (("late", "late"), ("nonsense", "all"), ("", "all")):
        active = [
            shown["label"] for shown in open_list(client, scene.agent, tab=tab).tabs() if shown["active"]
        ]
        assert active == [open_list(client, scene.agent, tab=name).tab.label]


def without_clock(scene: Scene) -> Case:
    """The customer was answered and is now waited for, so that nothing runs."""
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "contact_customer", actor=scene.agent, channel="phone", message="请补充照片")
    return transition_case(
        case.pk, "wait_for", actor=scene.agent, note="等客户", waiting_for=WaitingFor.CUSTOMER
    )


def test_queues_come_by_the_next_clock_and_cases_without_one_last(client: Client, scene: Scene) -> None:
    without = without_clock(scene)
    later = scene.case(State.ANALYSIS)
    sooner = scene.case(State.ANALYSIS, expected_at=timezone.now() + timedelta(minutes=10))
    assert without.due_at is None
    assert listed(client, scene.agent, tab="mine") == [sooner, later, without]


def test_a_row_names_the_clock_that_comes_next(client: Client, scene: Scene) -> None:
    scene.case()
    wish = scene.case(State.ANALYSIS, expected_at=timezone.now() + timedelta(minutes=10))
    without_clock(scene)
    rows = {row.case.pk: row.clock for row in open_list(client, scene.agent).rows()}
    assert {str(name) for name in rows.values()} == {
        str(ClockKind.TRIAGE.label),
        str(gettext("Expected by the customer")),
        "",
    }
    assert rows[wish.pk] == str(gettext("Expected by the customer"))


def test_the_list_is_narrowed_to_one_clock(client: Client, scene: Scene) -> None:
    triage, handled = scene.case(), scene.case(State.HANDLING)
    assert listed(client, scene.supervisor, due_clock=ClockKind.TRIAGE) == [triage]
    assert listed(client, scene.supervisor, due_clock=handled.due_clock) == [handled]
    assert set(listed(client, scene.supervisor, due_clock="retention")) == {triage, handled}


def test_a_foreign_case_is_never_listed(client: Client, scene: Scene) -> None:
    own = scene.case()
    foreign = make_case(team=TeamFactory())
    for query in ({}, {"tab": "unclaimed"}, {"q": foreign.number}, {"q": foreign.customer.number}):
        assert foreign not in listed(client, scene.agent, **query)
    assert own in listed(client, scene.agent)
    assert set(listed(client, scene.auditor)) == {own, foreign}


def test_the_count_stops_where_it_would_cost(
    client: Client, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _each in range(4):
        scene.case()
    assert open_list(client, scene.agent).count_in_words == "4"
    monkeypatch.setattr("cases.admin.case_list.ROWS", 1)
    monkeypatch.setattr("cases.admin.case_list.COUNTED", 2)
    assert open_list(client, scene.agent).count_in_words == "2+"
    assert open_list(client, scene.agent, q="订单").count_in_words == "1+"


def test_the_queries_do_not_grow_with_the_rows(
    client: Client, scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    queries: list[dict[str, str]] = [{}, {"tab": "late"}, {"q": "订单"}, {"q": "C99"}, {"state": "open"}]
    for rows in (1, 40):
        for _each in range(rows - Case.objects.count()):
            late(scene.case(expected_at=timezone.now() + timedelta(hours=1)))
        for person in (scene.agent, scene.supervisor, scene.manager):
            client.force_login(person)
            for query in queries:
                with django_assert_max_num_queries(AT_MOST):
                    assert client.get(reverse(LIST), query).status_code == 200


def test_an_empty_list_says_what_to_do(client: Client, scene: Scene) -> None:
    client.force_login(scene.agent)
    assert reverse("admin:cases_case_add") in client.get(reverse(LIST)).content.decode()
    assert "bh-empty" in client.get(reverse(LIST), {"q": "nothing"}).content.decode()
