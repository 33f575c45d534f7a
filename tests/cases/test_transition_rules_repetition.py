"""Two pages, two submits, foreign rows: the version, the cause key and the row scope of the write path."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import State
from cases.exceptions import CaseNotFound, NotPossible, StalePage
from cases.models import Case
from cases.services import PossibleDuplicate, offers, register_case, transition_case
from tests.cases.acting import do, refused
from tests.factories import CustomerFactory, make_case
from tests.invariants import trace
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def test_a_stale_page_is_told_what_happened_meanwhile(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    shown = case.version
    do(case, "add_note", scene.agent, note="已查订单")
    do(case, "remind", scene.supervisor)
    caught = refused(StalePage, case, "dispatch", scene.agent, team=scene.back, expected_version=shown)
    assert isinstance(caught, StalePage)
    assert [(event.kind, event.actor) for event in caught.events] == [
        ("add_note", scene.agent),
        ("remind", scene.supervisor),
    ]
    transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back, expected_version=shown + 2)


def test_the_same_cause_twice_changes_nothing_the_second_time(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    once: dict[str, Any] = {"note": "已查订单", "cause_key": "form:1", "expected_version": case.version}
    first = transition_case(case.pk, "add_note", actor=scene.agent, **once)
    before = trace(case.pk)
    again = transition_case(case.pk, "add_note", actor=scene.agent, **once)
    assert (again.pk, again.version, trace(case.pk)) == (first.pk, first.version, before)


def test_the_same_registration_twice_is_one_case(scene: Scene) -> None:
    request: dict[str, Any] = {
        "actor": scene.agent,
        "customer": CustomerFactory(),
        "channel": "phone",
        "type": "complaint",
        "description": "未收到货",
        "team": scene.front,
    }
    first = register_case(**request, cause_key="mail:1")
    assert register_case(**request, cause_key="mail:1") == first
    assert Case.objects.count() == 1
    with pytest.raises(PossibleDuplicate) as caught:
        register_case(**request, cause_key="mail:2")
    assert (caught.value.cases, Case.objects.count()) == ([first], 1)
    assert register_case(**request, cause_key="mail:2", despite_duplicates=True) != first


def test_a_foreign_case_is_not_told_apart_from_one_that_does_not_exist(scene: Scene) -> None:
    foreign = make_case(team=scene.support)
    for person in (scene.agent, scene.specialist, scene.supervisor):
        first = refused(CaseNotFound, foreign, "add_note", person)
        with pytest.raises(CaseNotFound) as second:
            transition_case(foreign.pk + 1000, "add_note", actor=person, note="有")
        assert str(first) == str(second.value)


def test_whoever_loses_sight_of_a_case_loses_its_transitions(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "send_back", scene.specialist)
    refused(CaseNotFound, case, "receive_message", scene.specialist, channel="phone", message="在吗")


def test_what_is_offered_is_what_can_be_done(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    offered = {offer.name: offer.reason for offer in offers(case, scene.specialist)}
    assert not any(offered.values())
    assert {"deliver", "report_progress", "send_back", "withdraw"} <= offered.keys()
    assert offered.keys().isdisjoint(
        {"decline", "reassign", "expire", "dispatch", "confirm", "accept", "resume"}
    )
    assert offers(case, scene.specialist)[0].name in {"report_progress", "deliver"}
    assert offers(case, scene.auditor) == []
    case = do(case, "wait_for", scene.specialist, waiting_for="customer")
    hindered = {offer.name: offer.reason for offer in offers(case, scene.specialist)}
    assert hindered["resume"] is None
    assert (
        hindered["deliver"]
        == refused(NotPossible, case, "deliver", scene.specialist, result="已补发").message
    )
