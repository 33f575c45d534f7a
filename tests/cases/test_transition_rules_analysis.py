"""From intake to the dispatch: claiming, first response, urgency, direct answer, dispatch."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from cases.choices import Confirmation, Role, State, Tier, Urgency
from cases.exceptions import CaseNotFound, NotPermitted, NotPossible
from cases.lifecycle import MOVES
from cases.models import Case
from tests.cases.acting import dispatched, disputed, do, field_refused, refused, rounds
from tests.factories import StaffFactory, TeamFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def test_whoever_begins_the_analysis_handles_case_and_round(scene: Scene) -> None:
    case = do(scene.case(), "begin_analysis", scene.agent)
    assert (case.state, case.handler, rounds(case)[0].handler) == (State.ANALYSIS, scene.agent, scene.agent)


def test_a_claimed_case_cannot_be_claimed_again(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    colleague = StaffFactory(role=Role.AGENT, department=scene.department, teams=[scene.front])
    refused(NotPermitted, case, "begin_analysis", colleague)
    refused(NotPossible, case, "begin_analysis", scene.agent)


def test_the_first_message_to_the_customer_is_the_first_response_and_stays_it(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    first = do(case, "contact_customer", scene.agent, channel="phone", message="已致电").first_response_at
    assert first is not None
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        case = do(case, "contact_customer", scene.agent, channel="email", message="补充说明")
    assert case.first_response_at == first
    assert [message.author for message in case.messages.all()] == [scene.agent, scene.agent]


def test_a_call_noted_later_counts_from_when_it_was_made(scene: Scene) -> None:
    received = timezone.now() - timedelta(hours=3)
    case = do(scene.case(received_at=received), "begin_analysis", scene.agent)
    for hours in (1, 2, 0.5):
        case = do(
            case,
            "contact_customer",
            scene.agent,
            channel="phone",
            message="已致电",
            happened_at=received + timedelta(hours=hours),
        )
    assert case.first_response_at == received + timedelta(hours=0.5)


def test_words_of_the_customer_are_no_response(scene: Scene) -> None:
    case = do(scene.case(State.ANALYSIS), "receive_message", scene.agent, channel="app", message="还没到？")
    assert case.first_response_at is None
    message = case.messages.get()
    assert (message.direction, message.author, message.body) == ("in", None, "还没到？")


CONTACTS = {"contact_customer", "report_progress"}


def test_no_change_of_state_ever_counts_as_contact(scene: Scene) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1)) as traveller:
        case = do(scene.case(State.INTAKE), "begin_analysis", scene.agent)
        for name, actor, data in (
            ("dispatch", scene.agent, {"team": scene.back}),
            ("accept", scene.specialist, {"promised_at": timezone.now() + timedelta(days=9)}),
            ("report_progress", scene.specialist, {}),
            ("deliver", scene.specialist, {"result": "已补发"}),
            ("dispute", None, {"score": 1}),
            ("accept", scene.supervisor, {"promised_at": timezone.now() + timedelta(days=9)}),
            ("submit_plan", scene.supervisor, {"plan": "换承运商"}),
            ("deliver", scene.supervisor, {"result": "已退款"}),
            ("confirm", None, {"score": 5}),
            ("reopen", scene.supervisor, {}),
        ):
            traveller.shift(60)
            case = do(case, name, actor, **data)
            assert case.first_response_at is None, name


def test_progress_sent_to_the_customer_is_a_contact(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    assert field_refused(case, "report_progress", scene.specialist, send=True) == "channel"
    case = do(case, "report_progress", scene.specialist, note="已联系仓库", send=True, channel="app")
    assert case.messages.latest("pk").body == "已联系仓库"


def test_details_are_confirmed_once(scene: Scene) -> None:
    case = do(scene.case(), "confirm_details", scene.agent)
    assert case.details_confirmed_at is not None
    refused(NotPossible, case, "confirm_details", scene.agent)


def test_the_handler_raises_urgency_and_only_the_supervisor_lowers_it(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    case = do(case, "set_urgency", scene.agent, urgency=Urgency.IMPORTANT)
    case = do(case, "set_urgency", scene.agent, urgency=Urgency.URGENT)
    refused(NotPermitted, case, "set_urgency", scene.agent, urgency=Urgency.NORMAL)
    assert field_refused(case, "set_urgency", scene.agent, urgency=Urgency.URGENT) == "urgency"
    case = do(case, "set_urgency", scene.supervisor, urgency=Urgency.NORMAL)
    assert case.urgency == Urgency.NORMAL
    assert case.events.latest("seq").data == {"urgency": "normal", "was": "urgent"}


def test_a_supervisor_of_another_department_lowers_nothing(scene: Scene) -> None:
    stranger = StaffFactory(role=Role.SUPERVISOR, department=scene.support.department)
    case = scene.case(State.ANALYSIS, urgency=Urgency.URGENT)
    refused(CaseNotFound, case, "set_urgency", stranger, urgency=Urgency.NORMAL)


def test_a_direct_answer_needs_a_first_response(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    refused(NotPossible, case, "answer_directly", scene.agent, result="已说明")
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    case = do(case, "answer_directly", scene.agent, result="已说明")
    only = rounds(case)[0]
    assert (case.state, case.confirmation) == (State.CONFIRMATION, Confirmation.PENDING)
    assert (only.answered_directly, only.result, only.handler) == (True, "已说明", scene.agent)


def test_a_dissatisfied_customer_is_not_answered_past_the_plan(scene: Scene) -> None:
    case = do(disputed(scene), "send_back", scene.specialist)
    case = do(case, "begin_analysis", scene.agent)
    why = refused(NotPossible, case, "answer_directly", scene.agent, result="已说明")
    assert why.message == next(
        rule.reason for rule in MOVES["answer_directly"].conditions if not rule(Case.objects.get(pk=case.pk))
    )


def test_dispatch_empties_the_handler_sets_the_tier_and_asks_the_supporting_teams(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    case = do(case, "dispatch", scene.agent, note="查物流", team=scene.back, supporting=[scene.support])
    asked = case.support_requests.get()
    assert (case.handler, case.team, case.tier) == (None, scene.back, Tier.SPECIALISTS)
    assert (case.accepted_at, case.promised_at) == (None, None)
    assert (asked.team, asked.request, asked.requested_by) == (scene.support, "查物流", scene.agent)
    assert rounds(case)[0].handler == scene.agent


def test_dispatch_refuses_a_closed_team_and_a_main_team_that_supports_itself(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    closed = TeamFactory(active=False)
    assert field_refused(case, "dispatch", scene.agent, team=closed) == "team"
    for supporting in ([scene.back], [scene.support, scene.support], [closed]):
        assert field_refused(case, "dispatch", scene.agent, team=scene.back, supporting=supporting) == "team"


def test_a_waiting_case_is_not_answered_but_may_be_dispatched(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel="phone", message="请补充照片")
    do(case, "wait_for", scene.agent, waiting_for="customer")
    refused(NotPossible, case, "answer_directly", scene.agent, result="已说明")
    assert do(case, "dispatch", scene.agent, team=scene.back).waiting_for == ""


def test_the_system_dispatches_a_case_nobody_has_begun_to_dispatch(scene: Scene) -> None:
    case = do(scene.case(State.ANALYSIS), "dispatch", None, team=scene.back)
    assert (case.team, case.events.latest("seq").actor) == (scene.back, None)


def test_the_team_that_took_a_dispatched_case_in_may_still_note_what_the_customer_says(scene: Scene) -> None:
    case = dispatched(scene)
    do(case, "receive_message", scene.agent, channel="phone", message="还没到？")
    refused(NotPermitted, case, "contact_customer", scene.agent, channel="phone", message="已致电")
