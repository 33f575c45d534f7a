"""Handling: acceptance, sending back, reassignment, support, waiting, plan and proof before a result."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.choices import Role, State
from cases.exceptions import CaseNotFound, NotPermitted, NotPossible
from cases.models import Case, Staff, Topic
from cases.services import offers
from tests.cases.acting import dispatched, disputed, do, field_refused, refused, rounds, soon, support_of
from tests.factories import StaffFactory, TeamFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def colleague(scene: Scene, role: Role = Role.SPECIALIST) -> Staff:
    team = scene.back if role == Role.SPECIALIST else scene.front
    return StaffFactory(role=role, department=scene.department, teams=[team])


def supported(scene: Scene) -> Case:
    """In handling, with one supporting team at work."""
    case = scene.case(State.HANDLING)
    return do(case, "ask_support", scene.specialist, team=scene.support, request="查", due_at=soon())


def test_only_the_main_team_accepts_and_only_once(scene: Scene) -> None:
    case = dispatched(scene)
    refused(CaseNotFound, case, "accept", scene.supporter, promised_at=soon())
    refused(NotPermitted, case, "accept", scene.supervisor, promised_at=soon())
    case = do(case, "accept", scene.specialist, promised_at=soon())
    assert (case.handler, rounds(case)[0].handler) == (scene.specialist, scene.specialist)
    assert case.due_at == case.promised_at
    refused(NotPermitted, case, "accept", colleague(scene), promised_at=soon())
    refused(NotPossible, case, "accept", scene.specialist, promised_at=soon())


def test_a_promise_lies_in_the_future(scene: Scene) -> None:
    case = dispatched(scene)
    past = timezone.now() - timedelta(seconds=1)
    assert field_refused(case, "accept", scene.specialist, promised_at=past) == "promised_at"


def test_sending_back_counts_returns_to_the_team_that_dispatched_and_frees_the_support(scene: Scene) -> None:
    case = supported(scene)
    case = do(case, "send_back", scene.specialist, note="信息不全")
    assert (case.state, case.team, case.handler) == (State.ANALYSIS, scene.front, None)
    assert (case.bounce_count, case.accepted_at, case.promised_at) == (1, None, None)
    assert support_of(case).waived_at is not None

    case = do(case, "begin_analysis", scene.agent)
    do(case, "dispatch", scene.agent, team=scene.back)
    assert do(case, "send_back", scene.specialist).bounce_count == 2


def test_a_case_dispatched_twice_returns_to_the_team_of_the_last_dispatch(scene: Scene) -> None:
    case = do(dispatched(scene), "send_back", scene.specialist)
    other = colleague(scene, Role.AGENT)
    other.teams.set([elsewhere := TeamFactory(department=scene.department)])
    do(case, "reassign", scene.supervisor, handler=other)
    do(case, "dispatch", other, team=scene.back)
    assert do(case, "send_back", scene.specialist).team == elsewhere


def test_a_case_no_team_took_in_stays_with_the_team_that_sends_it_back(scene: Scene) -> None:
    case = dispatched(scene)
    Case.objects.filter(pk=case.pk).update(intake_team=None)
    case = do(case, "send_back", scene.specialist)
    assert (case.state, case.team, case.tier) == (State.ANALYSIS, scene.back, scene.back.tier)
    assert Case.objects.visible_to(scene.specialist).filter(pk=case.pk).exists()
    assert "reassign" in {offer.name for offer in offers(case, scene.supervisor)}


def test_reassigning_lets_the_new_handler_accept_and_nobody_else(scene: Scene) -> None:
    case, second = scene.case(State.HANDLING), colleague(scene)
    case = do(case, "reassign", scene.supervisor, handler=second)
    assert (case.handler, case.accepted_at, case.promised_at) == (second, None, None)
    refused(NotPossible, case, "deliver", second, result="已补发")
    refused(NotPermitted, case, "accept", scene.specialist, promised_at=soon())
    case = do(case, "accept", second, promised_at=soon())
    assert rounds(case)[0].handler == second


def test_a_case_is_reassigned_only_to_somebody_who_can_do_the_work(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    gone = colleague(scene)
    gone.is_active = False
    gone.save()
    for unfit in (scene.specialist, scene.agent, scene.manager, gone):
        assert field_refused(case, "reassign", scene.supervisor, handler=unfit) == "handler"
    team = scene.support
    assert field_refused(case, "reassign", scene.supervisor, handler=colleague(scene), team=team) == "handler"


def test_reassigning_to_another_team_moves_the_case_there(scene: Scene) -> None:
    case = do(scene.case(State.HANDLING), "reassign", scene.supervisor, handler=scene.supporter)
    assert (case.team, case.handler) == (scene.support, scene.supporter)
    refused(NotPermitted, case, "reassign", scene.supervisor, handler=scene.specialist)


def test_a_case_is_not_moved_to_a_closed_team(scene: Scene) -> None:
    closed = TeamFactory(active=False)
    scene.supporter.teams.add(closed)
    case = scene.case(State.HANDLING)
    wrong = {"handler": scene.supporter, "team": closed}
    assert field_refused(case, "reassign", scene.supervisor, **wrong) == "team"


def test_support_blocks_the_delivery_until_it_is_finished(scene: Scene) -> None:
    case = supported(scene)
    refused(NotPossible, case, "deliver", scene.specialist, result="已补发")
    refused(NotPermitted, case, "finish_support", scene.specialist, support=support_of(case), result="自查")
    do(case, "finish_support", scene.supporter, support=support_of(case), result="已核实")
    done = support_of(case)
    assert (done.result, done.finished_by) == ("已核实", scene.supporter)
    assert do(case, "deliver", scene.specialist, result="已补发").state == State.CONFIRMATION


def test_support_blocks_the_delivery_until_the_supervisor_waives_it(scene: Scene) -> None:
    case = supported(scene)
    refused(NotPermitted, case, "waive_support", scene.specialist, support=support_of(case))
    do(case, "waive_support", scene.supervisor, support=support_of(case))
    assert support_of(case).waived_at is not None
    do(case, "deliver", scene.specialist, result="已补发")


def test_one_team_supports_with_its_own_request_only(scene: Scene) -> None:
    case, helper = supported(scene), TeamFactory()
    person = StaffFactory(role=Role.SPECIALIST, teams=[helper])
    first = support_of(case)
    do(case, "ask_support", scene.specialist, team=helper, request="报价", due_at=soon())
    refused(NotPermitted, case, "finish_support", person, support=first, result="已核实")
    do(case, "finish_support", person, support=support_of(case), result="已报价")
    refused(NotPossible, case, "deliver", scene.specialist, result="已补发")


def test_a_team_is_asked_once_at_a_time_and_never_the_main_team_or_a_closed_one(scene: Scene) -> None:
    case = supported(scene)
    for team in (scene.support, scene.back, TeamFactory(active=False)):
        asked = {"team": team, "request": "查", "due_at": soon()}
        assert field_refused(case, "ask_support", scene.specialist, **asked) == "team"
    do(case, "finish_support", scene.supporter, support=support_of(case), result="已核实")
    do(case, "ask_support", scene.specialist, team=scene.support, request="再查", due_at=soon())


def test_support_of_another_case_or_finished_before_is_not_finished(scene: Scene) -> None:
    case, other = supported(scene), supported(scene)
    foreign = {"support": support_of(other), "result": "已核实"}
    assert field_refused(case, "finish_support", scene.supporter, **foreign) == "support"
    do(case, "ask_support", scene.specialist, team=TeamFactory(), request="报价", due_at=soon())
    done = case.support_requests.get(team=scene.support)
    do(case, "finish_support", scene.supporter, support=done, result="已核实")
    assert field_refused(case, "waive_support", scene.supervisor, support=done) == "support"


def test_a_waiting_case_is_not_delivered_and_knows_whose_wait_it_is(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    refused(NotPossible, case, "resume", scene.specialist)
    case = do(case, "wait_for", scene.specialist, waiting_for="supplier")
    assert (case.waiting_for, case.events.latest("seq").waiting_for) == ("supplier", "supplier")
    refused(NotPossible, case, "wait_for", scene.specialist, waiting_for="customer")
    refused(NotPossible, case, "deliver", scene.specialist, result="已补发")
    case = do(case, "resume", scene.specialist, note="")
    assert (case.waiting_for, case.events.latest("seq").data["waited_for"]) == ("", "supplier")
    do(case, "deliver", scene.specialist, result="已补发")


def test_the_second_delivery_waits_for_the_plan(scene: Scene) -> None:
    case = disputed(scene)
    do(case, "accept", scene.supervisor, promised_at=soon())
    refused(NotPossible, case, "deliver", scene.supervisor, result="已退款")
    do(case, "submit_plan", scene.supervisor, plan="更换承运商")
    refused(NotPossible, case, "submit_plan", scene.supervisor, plan="再来一份")
    case = do(case, "deliver", scene.supervisor, result="已退款")
    first, second = rounds(case)
    assert (first.plan, second.plan) == ("", "更换承运商")
    assert second.plan_submitted_at is not None


def test_the_first_round_needs_no_plan(scene: Scene) -> None:
    refused(NotPossible, scene.case(State.HANDLING), "submit_plan", scene.specialist, plan="更换承运商")


def test_a_topic_that_needs_proof_is_not_delivered_without(scene: Scene) -> None:
    case = scene.case(State.HANDLING, topic=Topic.objects.get(name="物流延迟"))
    for missing in ({}, {"proof": ""}, {"proof": "　 "}):
        assert field_refused(case, "deliver", scene.specialist, result="已补发", **missing) == "proof"
    case = do(case, "deliver", scene.specialist, result="已补发", proof="运单SF123")
    assert rounds(case)[0].proof == "运单SF123"


def test_a_topic_that_needs_none_is_delivered_without_proof(scene: Scene) -> None:
    case = scene.case(State.HANDLING, topic=Topic.objects.get(name="服务态度"))
    assert do(case, "deliver", scene.specialist, result="已道歉").state == State.CONFIRMATION


def test_a_reminder_stands_until_the_handler_moves(scene: Scene) -> None:
    case = do(scene.case(State.HANDLING), "remind", scene.supervisor)
    assert case.reminded_at is not None
    assert do(case, "report_progress", scene.specialist).reminded_at is None
