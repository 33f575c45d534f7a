"""The other ways a case ends, and how it begins again: withdrawn, declined, duplicate, reopened, held."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from cases.choices import OPEN_STATES, ClockKind, Confirmation, Outcome, Role, State
from cases.exceptions import CaseNotFound, NotPermitted, NotPossible
from cases.models import Case, Staff
from cases.services.steps import field_values
from tests.cases.acting import disputed, do, field_refused, refused, rounds, soon, support_of
from tests.factories import StaffFactory, make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def claimed(scene: Scene, state: State) -> tuple[Case, Staff]:
    """A case in this state and its handler."""
    case = scene.case(state)
    if state == State.INTAKE:
        Case.objects.filter(pk=case.pk).update(handler=scene.agent)
        case.rounds.update(handler=scene.agent)
        case.refresh_from_db()
    assert case.handler is not None
    return case, case.handler


@pytest.mark.parametrize("state", OPEN_STATES)
@pytest.mark.parametrize(
    ("name", "outcome"), [("withdraw", Outcome.WITHDRAWN), ("decline", Outcome.DECLINED)]
)
def test_an_open_case_ends_without_a_result(scene: Scene, state: State, name: str, outcome: Outcome) -> None:
    case, handler = claimed(scene, state)
    case = do(case, name, handler if name == "withdraw" else scene.supervisor)
    assert (case.state, case.outcome, case.confirmation) == (State.ARCHIVE, outcome, "")
    assert case.archived_at is not None
    assert (case.waiting_for, case.due_at, rounds(case)[0].score) == ("", None, None)


def test_a_supervisor_stands_in_for_a_handler_who_is_gone(scene: Scene) -> None:
    case, answered = scene.case(State.HANDLING), scene.case(State.CONFIRMATION)
    refused(NotPermitted, case, "withdraw", scene.supervisor)
    refused(NotPermitted, answered, "confirm", scene.supervisor, score=5, channel="phone")
    scene.specialist.is_active = False
    scene.specialist.save()
    assert do(case, "withdraw", scene.supervisor).outcome == Outcome.WITHDRAWN
    case = do(answered, "confirm", scene.supervisor, score=5, channel="phone")
    assert rounds(case)[0].handler == scene.specialist


def test_a_second_round_that_is_withdrawn_leaves_the_customer_dissatisfied(scene: Scene) -> None:
    case = do(disputed(scene), "withdraw", scene.supervisor)
    assert case.confirmation == Confirmation.DISSATISFIED


def test_support_ends_with_the_case(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="查", due_at=soon())
    do(case, "withdraw", scene.specialist)
    assert support_of(case).waived_at is not None


def test_a_duplicate_is_linked_from_both_sides(scene: Scene) -> None:
    first, second = scene.case(State.ANALYSIS), scene.case(State.ANALYSIS)
    before, clocks = field_values(first), list(first.timers.values())
    second = do(second, "mark_duplicate", scene.agent, other=first)
    first.refresh_from_db()
    assert field_values(first) == before | {"version": before["version"] + 1}
    assert list(first.timers.values()) == clocks
    assert (second.outcome, second.duplicate_of, list(first.duplicates.all())) == (
        Outcome.DUPLICATE,
        first,
        [second],
    )
    link = first.events.latest("seq")
    assert (link.kind, link.data, link.seq) == ("link_duplicate", {"case": second.pk}, first.version)


def test_duplicates_form_no_circle(scene: Scene) -> None:
    first, second, third = (scene.case(State.ANALYSIS) for _number in range(3))
    assert field_refused(first, "mark_duplicate", scene.agent, other=first) == "other"
    do(second, "mark_duplicate", scene.agent, other=first)
    assert field_refused(first, "mark_duplicate", scene.agent, other=second) == "other"
    do(first, "mark_duplicate", scene.agent, other=third)
    for earlier in (first, second):
        assert field_refused(third, "mark_duplicate", scene.agent, other=earlier) == "other"


def test_a_case_of_others_cannot_be_named_as_the_original(scene: Scene) -> None:
    foreign = make_case(team=scene.support)
    mine = scene.case(State.ANALYSIS)
    refused(CaseNotFound, mine, "mark_duplicate", scene.agent, other=foreign)
    refused(CaseNotFound, mine, "mark_duplicate", scene.agent, other=Case(pk=foreign.pk + 1000))
    assert foreign.events.count() == 1


def test_a_reopened_duplicate_is_one_no_more(scene: Scene) -> None:
    first, second = scene.case(State.ANALYSIS), scene.case(State.ANALYSIS)
    do(second, "mark_duplicate", scene.agent, other=first)
    case = do(second, "reopen", scene.agent)
    assert (case.duplicate_of, case.outcome, case.archived_at) == (None, "", None)
    assert (case.handler, rounds(case)[1].handler) == (scene.agent, scene.agent)


def test_reopening_begins_a_round_in_the_team_that_analysed(scene: Scene) -> None:
    case = do(scene.case(State.ARCHIVE), "reopen", scene.specialist)
    assert (case.state, case.team, case.handler) == (State.ANALYSIS, scene.front, None)
    assert (case.round_number, case.confirmation, case.outcome) == (2, "", "")
    assert (rounds(case)[1].needs_plan, rounds(case)[0].score) == (False, 4)
    assert do(case, "begin_analysis", scene.agent).handler == scene.agent


@pytest.mark.parametrize(("seconds", "possible"), [(-1, True), (0, False), (1, False)])
def test_a_case_is_reopened_within_the_days_of_the_policy_only(
    scene: Scene, seconds: int, possible: bool
) -> None:
    case = scene.case(State.ARCHIVE)
    assert case.archived_at is not None
    end = case.archived_at + timedelta(days=settings.CASE_REOPEN_DAYS)
    with time_machine.travel(end + timedelta(seconds=seconds), tick=False):
        if possible:
            do(case, "reopen", scene.supervisor)
        else:
            refused(NotPossible, case, "reopen", scene.supervisor)


def test_a_legal_hold_keeps_the_case_as_it_is_until_released(scene: Scene) -> None:
    case = do(scene.case(State.ARCHIVE), "hold_legally", scene.manager)
    refused(NotPossible, case, "reopen", scene.supervisor)
    refused(NotPossible, case, "hold_legally", scene.manager)
    do(case, "release_hold", scene.manager)
    refused(NotPossible, case, "release_hold", scene.manager)
    assert do(case, "reopen", scene.supervisor).state == State.ANALYSIS


def test_a_case_without_a_team_is_led_by_every_supervisor(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    Case.objects.filter(pk=case.pk).update(team=None, handler=None)
    far = StaffFactory(role=Role.SUPERVISOR, department=scene.support.department)
    case = do(case, "reassign", far, handler=scene.agent)
    assert (case.handler, case.team) == (scene.agent, scene.front)


def test_reopening_is_counted_from_the_last_archiving(scene: Scene) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=40), tick=False) as traveller:
        case = scene.case(State.ARCHIVE)
        traveller.shift(timedelta(days=20))
        do(case, "reopen", scene.supervisor)
        do(case, "decline", scene.supervisor)
        traveller.shift(timedelta(days=20))
        assert do(case, "reopen", scene.supervisor).round_number == 3


def test_a_plan_that_was_owed_is_owed_after_reopening(scene: Scene) -> None:
    case = do(disputed(scene), "withdraw", scene.supervisor)
    case = do(case, "reopen", scene.supervisor)
    present = rounds(case)[-1]
    assert (present.number, present.needs_plan) == (3, True)
    assert case.timers.running().filter(kind=ClockKind.IMPROVEMENT_PLAN, round_number=3).exists()
