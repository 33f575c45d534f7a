"""What a transition demands to be told, and what it refuses to believe."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from cases.choices import CaseType, State
from cases.lifecycle import MOVES
from cases.models import Topic
from cases.services import transition_case
from tests.cases.acting import disputed, do, field_refused, soon
from tests.cases.lifecycle_paper import PAPER
from tests.cases.trials import first_allowed
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [name for name, row in PAPER.items() if row.star])
def test_a_starred_transition_demands_a_note(name: str) -> None:
    trial, person = first_allowed(name)
    for empty in ("", " \n　"):
        assert field_refused(trial.case, name, person, note=empty, **trial.answers()) == "note"
    transition_case(trial.case.pk, name, actor=person, note="有", **trial.answers())


@pytest.mark.parametrize("name", [name for name, row in PAPER.items() if row.demands])
def test_every_demanded_answer_is_missed(name: str) -> None:
    trial, person = first_allowed(name)
    given = trial.answers()
    for field in PAPER[name].demands.split():
        rest = {key: value for key, value in given.items() if key != field}
        assert field_refused(trial.case, name, person, **rest) == field
        assert field_refused(trial.case, name, person, **rest, **{field: None}) == field
        if isinstance(given[field], str):
            assert field_refused(trial.case, name, person, **rest, **{field: " \t"}) == field


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("contact_customer", {"channel": "telex"}),
        ("receive_message", {"channel": "Phone"}),
        ("set_urgency", {"urgency": "hurry"}),
        ("wait_for", {"waiting_for": "rain"}),
        ("amend", {"type": "refund"}),
        ("amend", {"region": "moon"}),
        ("amend", {"amount": Decimal("-0.01")}),
        ("amend", {"amount": Decimal("NaN")}),
        ("amend", {"amount": Decimal("10000000000")}),
        ("confirm", {"score": 0}),
        ("confirm", {"score": 6}),
        ("dispute", {"score": -1}),
        ("dispute", {"score": 9}),
        ("accept", {"promised_at": timezone.now() - timedelta(days=1)}),
        ("ask_support", {"due_at": timezone.now() - timedelta(days=1)}),
        ("contact_customer", {"happened_at": timezone.now() + timedelta(days=1)}),
        ("contact_customer", {"happened_at": timezone.now() - timedelta(days=1)}),
        ("receive_message", {"happened_at": timezone.now() - timedelta(days=1)}),
    ],
)
def test_an_impossible_answer_is_refused_by_its_name(name: str, wrong: dict[str, Any]) -> None:
    trial, person = first_allowed(name)
    on_behalf = {"channel": "phone"} if name in {"confirm", "dispute"} else {}
    assert field_refused(trial.case, name, person, **{**trial.answers(), **on_behalf, **wrong}) in wrong


def test_an_answer_nobody_asked_for_is_the_callers_mistake(scene: Scene) -> None:
    case = scene.case(State.INTAKE)
    with pytest.raises(TypeError, match="colour"):
        transition_case(case.pk, "begin_analysis", actor=scene.agent, colour="red")


def test_an_amendment_keeps_what_the_facts_were_whatever_their_kind(scene: Scene) -> None:
    topic = Topic.objects.get(name="物流延迟")
    case = scene.case(State.ANALYSIS, topic=topic, amount=Decimal("10.50"), expected_at=soon(1))
    facts: dict[str, Any] = {
        "type": CaseType.CONSULTATION,
        "topic": None,
        "description": "改",
        "amount": Decimal("99"),
    }

    case = do(case, "amend", scene.agent, **facts, expected_at=None)

    event = case.events.get(kind="amend")
    assert event.data["was"]["topic"] == topic.pk
    assert event.data["was"]["amount"] == "10.50"
    assert event.data["amount"] == "99"
    case.refresh_from_db()
    assert (case.type, case.amount) == (CaseType.CONSULTATION, Decimal(99))
    assert [case.topic, case.expected_at, case.due_clock] == [None, None, "triage"]


def test_an_amendment_of_the_type_alone_does_not_keep_a_foreign_topic(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS, topic=Topic.objects.get(name="物流延迟"))
    assert field_refused(case, "amend", scene.agent, type="consultation", description="改") == "topic"
    topic = Topic.objects.get(name="退换货")
    assert (
        field_refused(case, "amend", scene.agent, type="complaint", description="改", topic=topic) == "topic"
    )


def test_an_amendment_that_changes_nothing_is_refused(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    same = {"type": case.type, "description": case.description}
    assert field_refused(case, "amend", scene.agent, **same) == "description"


def test_an_amended_description_is_found_by_its_new_words_only(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS, description="快递丢失")
    do(case, "amend", scene.agent, type=case.type, description="包装破损")
    found = type(case).objects.search
    assert (found("破损").count(), found("丢失").count()) == (1, 0)


def test_every_demanded_answer_of_the_paper_is_one_of_the_dialog() -> None:
    for name, row in PAPER.items():
        assert set(row.demands.split()) <= {item.name for item in MOVES[name].inputs}


def test_a_plan_is_demanded_in_words(scene: Scene) -> None:
    assert field_refused(disputed(scene), "submit_plan", scene.supervisor, plan=" ") == "plan"
