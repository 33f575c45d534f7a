"""The customer's word on a result: confirm, dispute, silence, and who takes the next round."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import Confirmation, Outcome, Role, ScoreSource, State
from cases.exceptions import NotPermitted, NotPossible
from cases.models import Case, Staff
from tests.cases.acting import disputed, do, field_refused, refused, rounds, soon
from tests.factories import StaffFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("score", [3, 4, 5])
def test_a_score_from_three_confirms(scene: Scene, score: int) -> None:
    case = do(scene.case(State.CONFIRMATION), "confirm", None, score=score, comment="好")
    only = rounds(case)[0]
    assert (case.state, case.outcome, case.confirmation) == (
        State.ARCHIVE,
        Outcome.CONFIRMED,
        Confirmation.SATISFIED,
    )
    assert (only.solved, only.score, only.score_source, only.comment) == (True, score, "customer", "好")
    assert only.closed_at == case.archived_at


@pytest.mark.parametrize("score", [1, 2])
def test_a_score_up_to_two_does_not_confirm_but_disputes(scene: Scene, score: int) -> None:
    case = scene.case(State.CONFIRMATION)
    assert field_refused(case, "confirm", None, score=score) == "score"
    case = do(case, "dispute", None, solved=True, score=score)
    assert (case.state, case.round_number, rounds(case)[0].score) == (State.HANDLING, 2, score)


@pytest.mark.parametrize("score", [None, 1, 3, 5])
def test_unsolved_disputes_with_any_score_or_none(scene: Scene, score: int | None) -> None:
    case = do(scene.case(State.CONFIRMATION), "dispute", None, solved=False, score=score)
    first = rounds(case)[0]
    assert (first.solved, first.score) == (False, score)
    assert first.score_source == ("" if score is None else ScoreSource.CUSTOMER)


@pytest.mark.parametrize("score", [None, 3, 5])
def test_solved_with_three_or_more_disputes_nothing(scene: Scene, score: int | None) -> None:
    assert field_refused(scene.case(State.CONFIRMATION), "dispute", None, solved=True, score=score) == "score"


@pytest.mark.parametrize(("name", "given"), [("confirm", {"score": 5}), ("dispute", {"score": 1})])
def test_on_behalf_of_the_customer_needs_channel_and_note(
    scene: Scene, name: str, given: dict[str, Any]
) -> None:
    case = scene.case(State.CONFIRMATION)
    assert field_refused(case, name, scene.specialist, **given) == "channel"
    assert field_refused(case, name, scene.specialist, note=" ", channel="phone", **given) == "note"
    refused(NotPermitted, case, name, scene.supervisor, channel="phone", **given)
    case = do(case, name, scene.specialist, channel="phone", **given)
    first = rounds(case)[0]
    assert (first.score_source, first.score_channel) == (ScoreSource.ON_BEHALF, "phone")


def test_the_customer_needs_neither(scene: Scene) -> None:
    do(scene.case(State.CONFIRMATION), "confirm", None, note="", score=5)
    do(scene.case(State.CONFIRMATION), "dispute", None, note="", score=1)


def test_silence_archives_without_a_score_and_only_the_system_says_so(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    for person in scene.people().values():
        if person not in (scene.agent,):
            refused(NotPermitted, case, "expire", person)
    case = do(case, "expire", None, note="")
    assert (case.outcome, case.confirmation) == (Outcome.UNANSWERED, Confirmation.UNANSWERED)
    assert (rounds(case)[0].score, rounds(case)[0].closed_at) == (None, case.archived_at)


def test_an_archived_case_is_not_confirmed_again_and_disputed_by_nobody_but_the_customer(
    scene: Scene,
) -> None:
    case = scene.case(State.ARCHIVE)
    refused(NotPossible, case, "confirm", None, score=5)
    refused(NotPossible, case, "dispute", scene.specialist, score=1, channel="phone")


def supervisor(scene: Scene) -> Staff:
    return StaffFactory(role=Role.SUPERVISOR, department=scene.department)


def test_the_second_round_goes_to_the_least_loaded_supervisor(scene: Scene) -> None:
    rested = supervisor(scene)
    assert disputed(scene).handler == scene.supervisor
    assert disputed(scene).handler == rested
    archived = disputed(scene)
    assert archived.handler == scene.supervisor
    do(archived, "withdraw", scene.supervisor)
    assert disputed(scene).handler == scene.supervisor  # the archived one is no load


def test_the_third_round_goes_to_a_supervisor_who_has_not_handled_it(scene: Scene) -> None:
    case = deliver_again(disputed(scene), scene.supervisor)
    second = supervisor(scene)
    case = do(case, "dispute", None, score=2)
    assert (case.handler, case.round_number) == (second, 3)


def test_whoever_accepted_before_a_reassignment_has_handled_it_too(scene: Scene) -> None:
    case, second = scene.case(State.HANDLING), supervisor(scene)
    do(case, "reassign", scene.supervisor, handler=scene.supervisor)
    do(case, "accept", scene.supervisor, promised_at=soon())
    do(case, "reassign", scene.supervisor, handler=scene.specialist)
    do(case, "accept", scene.specialist, promised_at=soon())
    do(case, "deliver", scene.specialist, result="已补发")
    assert do(case, "dispute", None, score=1).handler == second


def test_where_no_supervisor_is_left_a_manager_takes_it_and_may_pass_it_on(scene: Scene) -> None:
    case = do(deliver_again(disputed(scene), scene.supervisor), "dispute", None, score=1)
    assert case.handler == scene.manager
    second = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])
    assert do(case, "reassign", scene.manager, handler=second).handler == second


def test_supervisors_of_other_departments_and_those_gone_are_not_asked(scene: Scene) -> None:
    StaffFactory(role=Role.SUPERVISOR, department=scene.support.department)
    scene.supervisor.is_active = False
    scene.supervisor.save()
    assert disputed(scene).handler == scene.manager


def test_where_nobody_is_left_the_main_team_accepts(scene: Scene) -> None:
    for person in (scene.supervisor, scene.manager):
        person.is_active = False
        person.save()
    case = disputed(scene)
    assert (case.handler, case.team, rounds(case)[1].handler) == (None, scene.back, None)
    assert do(case, "accept", scene.specialist, promised_at=soon()).handler == scene.specialist


def deliver_again(case: Case, handler: Staff) -> Case:
    do(case, "accept", handler, promised_at=soon())
    do(case, "submit_plan", handler, plan="更换承运商")
    return do(case, "deliver", handler, result="已退款", proof="退款单")


def test_an_earlier_round_keeps_its_handler_result_and_score(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    do(case, "dispute", None, score=2, comment="还是没收到")
    before = rounds(case)[0]
    do(deliver_again(case, scene.supervisor), "confirm", scene.supervisor, score=5, channel="phone")
    do(case, "reopen", scene.supervisor)
    first, second, third = rounds(case)
    for name in ("handler", "result", "proof", "score", "score_source", "comment", "plan", "closed_at"):
        assert getattr(first, name) == getattr(before, name)
    assert (first.handler, first.score, first.comment) == (scene.specialist, 2, "还是没收到")
    assert (second.handler, second.score, second.score_source) == (scene.supervisor, 5, "on_behalf")
    assert (third.handler, third.score, third.result) == (None, None, "")
