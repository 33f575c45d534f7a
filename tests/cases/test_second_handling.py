"""A customer who is not satisfied: who takes over, what blocks the next delivery, how the chain is told."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from cases.choices import Role, State
from cases.exceptions import NotPossible
from cases.models import Absence, Case, DutyShift, Staff
from cases.services import transition_case
from cases.services.assignment import Because
from cases.services.outcomes import is_dissatisfied
from cases.services.record_cells import record_cells
from tests.factories import StaffFactory
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
REMARK = 12  # the last of the thirteen columns


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def dispute(case: Case, score: int = 2) -> Case:
    return transition_case(case.pk, "dispute", actor=None, solved=False, score=score, comment="没解决")


def because(case: Case) -> str:
    return str(case.events.filter(kind="dispute").latest("seq").data["because"])


def deliver_again(case: Case, who: Staff | None) -> Case:
    """The second handling as its handler does it."""
    assert who
    transition_case(case.pk, "submit_plan", actor=who, plan="更换承运商")
    transition_case(case.pk, "accept", actor=who, promised_at=timezone.now() + HOUR)
    return transition_case(case.pk, "deliver", actor=who, result="已重发", proof="SF1")


def away(staff: Staff) -> None:
    now = timezone.now()
    Absence.objects.create(staff=staff, starts_at=now - HOUR, ends_at=now + HOUR)


def test_the_supervisor_with_the_fewest_open_cases_takes_over(scene: Scene) -> None:
    scene.case(State.HANDLING)
    idle = StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    busy = scene.case()
    Case.objects.filter(pk=busy.pk).update(handler=scene.supervisor)

    case = dispute(scene.case(State.CONFIRMATION))

    assert (case.handler, because(case)) == (idle, Because.SUPERVISOR)
    assert (case.state, case.round_number) == (State.HANDLING, 2)


def test_a_supervisor_who_is_away_is_not_on_duty(scene: Scene) -> None:
    away(scene.supervisor)

    case = dispute(scene.case(State.CONFIRMATION))

    assert (case.handler, because(case)) == (scene.manager, Because.NO_SUPERVISOR)


def test_a_supervisor_who_handled_the_case_does_not_get_it_again(scene: Scene) -> None:
    case = dispute(scene.case(State.CONFIRMATION))
    assert case.handler == scene.supervisor

    case = dispute(deliver_again(case, scene.supervisor))

    assert (case.handler, because(case)) == (scene.manager, Because.NO_SUPERVISOR)


def test_the_third_dissatisfaction_goes_to_a_manager(scene: Scene) -> None:
    second = StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    case = dispute(scene.case(State.CONFIRMATION))
    case = dispute(deliver_again(case, case.handler))
    assert because(case) == Because.SUPERVISOR
    assert case.handler in (second, scene.supervisor)

    case = dispute(deliver_again(case, case.handler))

    assert (case.handler, because(case), case.round_number) == (scene.manager, Because.REPEATED, 4)


def test_a_round_after_a_reopening_is_no_dissatisfaction(scene: Scene) -> None:
    StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    case = dispute(scene.case(State.CONFIRMATION))
    transition_case(case.pk, "withdraw", actor=case.handler, note="客户说不用了")
    transition_case(case.pk, "reopen", actor=scene.supervisor, note="客户又来电")
    transition_case(case.pk, "dispatch", actor=None, team=scene.back)
    transition_case(case.pk, "accept", actor=scene.specialist, promised_at=timezone.now() + HOUR)
    transition_case(case.pk, "submit_plan", actor=scene.specialist, plan="更换承运商")
    case = dispute(transition_case(case.pk, "deliver", actor=scene.specialist, result="已重发", proof="SF1"))

    assert because(case) == Because.SUPERVISOR
    assert case.round_number == 4


def test_the_third_goes_to_a_manager_who_has_had_it_rather_than_to_none(scene: Scene) -> None:
    away(scene.supervisor)
    case = dispute(scene.case(State.CONFIRMATION))
    assert case.handler == scene.manager
    Absence.objects.all().delete()
    case = dispute(deliver_again(case, scene.manager))
    assert case.handler == scene.supervisor

    case = dispute(deliver_again(case, scene.supervisor))

    assert (case.handler, because(case)) == (scene.manager, Because.REPEATED)


def test_where_nobody_is_free_the_team_must_accept_and_it_is_said(scene: Scene) -> None:
    away(scene.supervisor)
    away(scene.manager)

    case = dispute(scene.case(State.CONFIRMATION))

    assert (case.handler, because(case)) == (None, Because.NOBODY)


def test_who_was_given_it_before_does_not_get_it_again(scene: Scene) -> None:
    """Though they passed it on before they accepted it."""
    case = dispute(scene.case(State.CONFIRMATION))
    transition_case(case.pk, "submit_plan", actor=scene.supervisor, plan="更换承运商")
    transition_case(case.pk, "reassign", actor=scene.supervisor, note="另派", handler=scene.specialist)
    transition_case(case.pk, "accept", actor=scene.specialist, promised_at=timezone.now() + HOUR)
    transition_case(case.pk, "deliver", actor=scene.specialist, result="已重发", proof="SF1")

    assert dispute(case).handler == scene.manager


def test_without_a_manager_it_falls_to_a_supervisor_off_duty_and_it_is_said(scene: Scene) -> None:
    away(scene.manager)
    begins = timezone.localtime() + timedelta(days=2)
    DutyShift.objects.create(
        staff=scene.supervisor,
        team=scene.back,
        weekday=begins.weekday(),
        starts=time(9),
        ends=time(10),
        valid_from=begins.date() - timedelta(days=7),
    )

    case = dispute(scene.case(State.CONFIRMATION))

    assert (case.handler, because(case)) == (scene.supervisor, Because.NO_MANAGER)


def test_delivery_waits_for_the_improvement_plan(scene: Scene) -> None:
    case = dispute(scene.case(State.CONFIRMATION))
    transition_case(case.pk, "accept", actor=scene.supervisor, promised_at=timezone.now() + HOUR)

    with pytest.raises(NotPossible, match="improvement plan|改进方案|改进计划"):
        transition_case(case.pk, "deliver", actor=scene.supervisor, result="已重发", proof="SF1")


def test_each_round_keeps_its_own_result_and_score(scene: Scene) -> None:
    case = dispute(scene.case(State.CONFIRMATION))
    deliver_again(case, scene.supervisor)
    transition_case(case.pk, "confirm", actor=None, score=5)

    assert list(case.rounds.order_by("number").values_list("result", "score", "solved")) == [
        ("已补发", 2, False),
        ("已重发", 5, True),
    ]


def test_the_record_sheet_tells_the_chain_in_its_remark(scene: Scene) -> None:
    case = dispute(scene.case(State.CONFIRMATION, remark="客户要求优先派送"))
    deliver_again(case, scene.supervisor)
    transition_case(case.pk, "confirm", actor=None, score=5)

    [cells] = record_cells(Case.objects.filter(pk=case.pk))

    assert cells[REMARK] == (
        f"客户要求优先派送；二次处理：第1轮 {scene.specialist} 未解决 2分→第2轮 {scene.supervisor} 已解决 5分"
    )


def test_a_case_handled_once_has_no_chain(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)

    [cells] = record_cells(Case.objects.filter(pk=case.pk))

    assert cells[REMARK] == ""


def test_a_supervisor_off_shift_is_not_on_duty(scene: Scene) -> None:
    local = timezone.localtime()
    elsewhen = {"weekday": (local.weekday() + 3) % 7, "starts": time(9), "ends": time(10)}
    DutyShift.objects.create(
        team=scene.back, staff=scene.supervisor, valid_from=local.date() - timedelta(days=30), **elsewhen
    )

    case = dispute(scene.case(State.CONFIRMATION))

    assert (case.handler, because(case)) == (scene.manager, Because.NO_SUPERVISOR)


def test_whose_shift_it_is_comes_before_who_has_none_and_then_the_least_loaded(scene: Scene) -> None:
    idle, busy = StaffFactory.create_batch(2, role=Role.SUPERVISOR, department=scene.department)
    for _case in range(3):
        Case.objects.filter(pk=scene.case(State.HANDLING).pk).update(handler=busy)
    away(scene.supervisor)
    assert dispute(scene.case(State.CONFIRMATION)).handler == idle

    local = timezone.localtime()
    hours = {"weekday": local.weekday(), "starts": time(0), "ends": time(0)}
    DutyShift.objects.create(
        team=scene.back, staff=busy, valid_from=local.date() - timedelta(days=30), **hours
    )
    assert dispute(scene.case(State.CONFIRMATION)).handler == busy


def test_a_manager_who_took_it_over_can_bring_it_to_its_end(scene: Scene) -> None:
    away(scene.supervisor)
    case = dispute(scene.case(State.CONFIRMATION))
    assert case.handler == scene.manager

    case = deliver_again(case, scene.manager)

    assert case.state == State.CONFIRMATION


@pytest.mark.parametrize(
    ("solved", "score", "dissatisfied"),
    [(False, 5, True), (False, None, True), (True, 2, True), (None, 1, True)]
    + [(True, None, False), (True, 3, False), (None, None, False), (None, 4, False)],
)
def test_a_stored_word_is_dissatisfied_by_either_half(
    solved: bool | None, score: int | None, dissatisfied: bool
) -> None:
    assert is_dissatisfied(solved, score) is dissatisfied
