"""Which clocks a case runs, from its registration to its archive, and what keeps, moves and stops them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cases.choices import ClockEnd, ClockKind, State
from cases.models import Case, Timer, WorkCalendar
from cases.services import transition_case
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from tests.factories import make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

# A Wednesday without holidays around it; working hours of the calendar to begin with are 9-12 and 13-18.
NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def running(case: Case) -> dict[str, Timer]:
    """The clocks that run, by their kind."""
    return {timer.kind: timer for timer in case.timers.running()}


def ended(case: Case, kind: str) -> list[str]:
    return list(
        case.timers.filter(kind=kind).exclude(stopped_at=None).order_by("pk").values_list("end", flat=True)
    )


def test_a_registered_case_must_be_answered_and_triaged(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case(urgency="urgent")

    clocks = running(case)
    assert clocks.keys() == {ClockKind.FIRST_RESPONSE, ClockKind.TRIAGE}
    assert clocks[ClockKind.FIRST_RESPONSE].due_at == NINE + 2 * HOUR
    assert clocks[ClockKind.TRIAGE].due_at == NINE + HOUR / 2
    assert (case.due_at, case.due_clock) == (NINE + HOUR / 2, ClockKind.TRIAGE)


@pytest.mark.parametrize(("urgency", "hours"), [("urgent", 2), ("important", 5), ("normal", 24)])
def test_the_first_response_is_due_by_urgency_in_working_time(scene: Scene, urgency: str, hours: int) -> None:
    """Four hours from nine are over the lunch hour, eight are at the end of the day: nine in the next."""
    with time_machine.travel(NINE, tick=False):
        case = scene.case(urgency=urgency)

    due_at = running(case)[ClockKind.FIRST_RESPONSE].due_at
    assert due_at == NINE + hours * HOUR if hours < 24 else due_at == NINE + 9 * HOUR


def test_the_first_contact_keeps_the_promise_of_an_answer(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "contact_customer", actor=scene.agent, channel="phone", message="您好")

    assert ClockKind.FIRST_RESPONSE not in running(case)
    assert ended(case, ClockKind.FIRST_RESPONSE) == [ClockEnd.MET]


def test_a_change_of_state_is_no_answer(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)

    assert ClockKind.FIRST_RESPONSE in running(case)


def test_words_said_in_time_keep_the_promise_though_written_down_late(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.ANALYSIS, urgency="urgent")
        clock.shift(3 * HOUR)
        transition_case(
            case.pk,
            "contact_customer",
            actor=scene.agent,
            channel="phone",
            message="您好",
            happened_at=NINE + HOUR,
        )

    assert ended(case, ClockKind.FIRST_RESPONSE) == [ClockEnd.MET]


def test_an_answer_after_the_deadline_is_kept_too_late(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.ANALYSIS, urgency="urgent")
        clock.shift(3 * HOUR)
        transition_case(case.pk, "contact_customer", actor=scene.agent, channel="phone", message="您好")

    assert ended(case, ClockKind.FIRST_RESPONSE) == [ClockEnd.MISSED]


def test_urgent_normal_urgent_gives_the_same_deadline_back(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.ANALYSIS, urgency="urgent")
        before = running(case)[ClockKind.FIRST_RESPONSE].due_at
        clock.shift(HOUR)
        transition_case(case.pk, "set_urgency", actor=scene.supervisor, urgency="normal", note="不急")
        between = running(case)[ClockKind.FIRST_RESPONSE].due_at
        clock.shift(timedelta(minutes=7))
        transition_case(case.pk, "set_urgency", actor=scene.supervisor, urgency="urgent", note="急")

    assert between == NINE + 9 * HOUR
    assert running(case)[ClockKind.FIRST_RESPONSE].due_at == before


def test_dispatching_ends_triage_and_begins_acceptance(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case(State.ANALYSIS)
        transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)

    assert ended(case, ClockKind.TRIAGE) == [ClockEnd.MET]
    assert running(case)[ClockKind.ACCEPTANCE].due_at == NINE + HOUR


def test_accepting_begins_progress_and_completion(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case(State.HANDLING)

    clocks = running(case)
    assert clocks.keys() == {ClockKind.PROGRESS_UPDATE, ClockKind.COMPLETION}
    assert clocks[ClockKind.PROGRESS_UPDATE].due_at == NINE + 5 * HOUR  # over the lunch hour
    assert clocks[ClockKind.COMPLETION].due_at == NINE + 4 * HOUR  # promised to the second


def test_each_contact_begins_the_next_progress_clock(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.HANDLING)
        clock.shift(HOUR)
        for _time in range(2):
            clock.shift(HOUR)
            transition_case(
                case.pk, "report_progress", actor=scene.specialist, note="已联系", send=True, channel="phone"
            )

    cycles = case.timers.filter(kind=ClockKind.PROGRESS_UPDATE).order_by("cycle")
    assert [(timer.cycle, timer.end) for timer in cycles] == [(1, "met"), (2, "met"), (3, "")]


def test_progress_that_the_customer_does_not_hear_of_keeps_nothing(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "report_progress", actor=scene.specialist, note="内部核查")

    assert case.timers.filter(kind=ClockKind.PROGRESS_UPDATE).count() == 1


def test_waiting_stops_the_clocks_that_may_pause_and_resuming_walks_on(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.HANDLING)
        clock.shift(HOUR)
        transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")
        paused = running(case)[ClockKind.COMPLETION]
        clock.shift(HOUR)
        transition_case(case.pk, "resume", actor=scene.specialist)

    assert (paused.due_at, paused.next_at, paused.paused_for) == (None, None, "supplier")
    assert paused.used == HOUR
    completion = running(case)[ClockKind.COMPLETION]
    # Four hours were promised from nine to one, three of them working time; two are left at eleven.
    assert completion.due_at == NINE + 5 * HOUR
    assert completion.pauses == [
        {
            "from": (NINE + HOUR).isoformat(),
            "to": (NINE + 2 * HOUR).isoformat(),
            "for": "supplier",
        }
    ]


@pytest.mark.parametrize(("minutes", "end"), [(-1, ClockEnd.MET), (0, ClockEnd.MET), (1, ClockEnd.MISSED)])
def test_a_promise_kept_in_a_pause_is_judged_by_when_that_began(
    scene: Scene, minutes: int, end: ClockEnd
) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.HANDLING)
        due_at = running(case)[ClockKind.PROGRESS_UPDATE].due_at
        assert due_at
        clock.move_to(due_at + timedelta(minutes=minutes))
        transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="customer", note="等")
        clock.shift(30 * HOUR)
        transition_case(case.pk, "contact_customer", actor=scene.specialist, channel="phone", message="您好")

    assert ended(case, ClockKind.PROGRESS_UPDATE) == [end]


def test_a_promise_missed_by_a_former_calendar_stays_missed_in_a_pause(scene: Scene) -> None:
    """What was used counts as it was then, also where the calendar has changed since."""
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.HANDLING)
        clock.shift(7 * HOUR)
        WorkCalendar.objects.get(is_default=True).windows.update(ends=time(17))
        standards_changed("calendar", actor=None)
        rearm_some()
        transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="customer", note="等")
        clock.shift(HOUR)
        transition_case(case.pk, "contact_customer", actor=scene.specialist, channel="phone", message="您好")

    assert ended(case, ClockKind.PROGRESS_UPDATE) == [ClockEnd.MISSED]


def test_who_answers_after_the_reminder_has_missed_nothing(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.CONFIRMATION)
        clock.shift(30 * HOUR)
        transition_case(case.pk, "confirm", actor=None, score=5)

    assert ended(case, ClockKind.CONFIRMATION_REMINDER) == [ClockEnd.VOID]
    assert ended(case, ClockKind.CONFIRMATION_EXPIRY) == [ClockEnd.MET]


@pytest.mark.parametrize(("minutes", "end"), [(-1, ClockEnd.MET), (1, ClockEnd.MISSED)])
def test_support_given_in_a_pause_is_late_if_it_was_before(scene: Scene, minutes: int, end: ClockEnd) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.HANDLING)
        asked: dict[str, Any] = {"team": scene.support, "request": "核查", "due_at": NINE + HOUR}
        transition_case(case.pk, "ask_support", actor=scene.specialist, **asked)
        support = case.support_requests.get()
        clock.shift(HOUR + timedelta(minutes=minutes))
        transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="customer", note="等")
        clock.shift(HOUR)
        transition_case(case.pk, "finish_support", actor=scene.supporter, support=support, result="查到")

    assert ended(case, ClockKind.SUPPORT) == [end]


def test_triage_waits_only_for_the_customer(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "wait_for", actor=scene.agent, waiting_for="supplier", note="等")
    assert running(case)[ClockKind.TRIAGE].is_running
    transition_case(case.pk, "resume", actor=scene.agent)
    transition_case(case.pk, "wait_for", actor=scene.agent, waiting_for="customer", note="等")
    assert running(case)[ClockKind.TRIAGE].paused_for == "customer"


def test_each_supporting_team_has_a_clock_of_its_own(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    due_at = timezone.now() + 2 * HOUR
    for team in (scene.support, scene.front):
        transition_case(
            case.pk, "ask_support", actor=scene.specialist, team=team, request="核查", due_at=due_at
        )
    support = case.support_requests.get(team=scene.support)
    transition_case(case.pk, "finish_support", actor=scene.supporter, support=support, result="查到")

    timers = case.timers.filter(kind=ClockKind.SUPPORT).order_by("pk")
    assert [(timer.support_id == support.pk, timer.end) for timer in timers] == [(True, "met"), (False, "")]
    assert all(timer.due_at == due_at for timer in timers)


def test_sending_back_begins_triage_again(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)
    transition_case(case.pk, "send_back", actor=scene.specialist, note="部门不对")

    assert ended(case, ClockKind.ACCEPTANCE) == [ClockEnd.VOID]
    assert running(case)[ClockKind.TRIAGE].cycle == 2


def test_who_gets_a_case_from_another_has_as_long_to_accept_it(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.ANALYSIS)
        transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)
        clock.shift(HOUR / 2)
        transition_case(
            case.pk,
            "reassign",
            actor=scene.supervisor,
            handler=scene.specialist,
            note="换人",
            team=scene.back,
        )

    assert ended(case, ClockKind.ACCEPTANCE) == [ClockEnd.VOID]
    again = running(case)[ClockKind.ACCEPTANCE]
    assert (again.cycle, again.started_at, again.due_at) == (2, NINE + HOUR / 2, NINE + HOUR * 3 / 2)


def test_a_reopened_case_is_triaged_anew(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.ARCHIVE)
        clock.shift(24 * HOUR)
        transition_case(case.pk, "reopen", actor=scene.supervisor, note="又有问题")

    again = running(case)[ClockKind.TRIAGE]
    assert (again.started_at, again.due_at) == (NINE + 24 * HOUR, NINE + 24.5 * HOUR)


def test_support_that_is_waived_is_promised_no_more(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    asked: dict[str, Any] = {"team": scene.support, "request": "核查", "due_at": timezone.now() + HOUR}
    transition_case(case.pk, "ask_support", actor=scene.specialist, **asked)
    support = case.support_requests.get()
    transition_case(case.pk, "waive_support", actor=scene.supervisor, support=support, note="不再需要")

    assert ended(case, ClockKind.SUPPORT) == [ClockEnd.VOID]


def test_who_waits_for_the_customers_word_is_not_late(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        case = scene.case(State.CONFIRMATION)
        answered = scene.case(State.ANALYSIS, expected_at=NINE + HOUR)
        contact: dict[str, Any] = {"channel": "phone", "message": "您好"}
        transition_case(answered.pk, "contact_customer", actor=scene.agent, **contact)
        transition_case(answered.pk, "answer_directly", actor=scene.agent, result="已说明")
        clock.shift(30 * HOUR)
        tick()

    assert case.escalations.filter(kind=ClockKind.CONFIRMATION_REMINDER).exists()
    assert not Case.objects.late(NINE + 30 * HOUR).exists()
    assert set(Case.objects.values_list("due_clock", flat=True)) == {ClockKind.CONFIRMATION_EXPIRY}


def test_a_delivered_case_waits_for_the_customers_word(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case(State.CONFIRMATION)

    clocks = running(case)
    assert clocks.keys() == {ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY}
    assert clocks[ClockKind.CONFIRMATION_REMINDER].due_at == NINE + 24 * HOUR
    assert clocks[ClockKind.CONFIRMATION_EXPIRY].due_at == NINE + 72 * HOUR


def test_a_dissatisfied_customer_is_owed_a_plan_and_an_acceptance(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case(State.CONFIRMATION)
        transition_case(case.pk, "dispute", actor=None, solved=False, score=1)

    clocks = running(case)
    assert clocks.keys() == {ClockKind.ACCEPTANCE, ClockKind.IMPROVEMENT_PLAN}
    assert clocks[ClockKind.IMPROVEMENT_PLAN].due_at == NINE + 24 * HOUR
    assert {timer.round_number for timer in clocks.values()} == {2}


def test_who_was_never_called_but_got_a_result_is_owed_no_first_response_any_more(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = scene.case()
        transition_case(case.pk, "begin_analysis", actor=scene.agent)
        transition_case(case.pk, "dispatch", actor=None, team=scene.back)
        transition_case(case.pk, "accept", actor=scene.specialist, promised_at=NINE + 4 * HOUR)
        transition_case(case.pk, "deliver", actor=scene.specialist, result="已补发", proof="SF1")
    with time_machine.travel(NINE + 72 * HOUR, tick=False):
        transition_case(case.pk, "dispute", actor=None, solved=False, score=1)

    assert case.first_response_at is None
    assert ClockKind.FIRST_RESPONSE not in running(case)


def test_a_submitted_plan_stops_its_clock(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "dispute", actor=None, solved=False, score=1)
    transition_case(case.pk, "submit_plan", actor=scene.supervisor, plan="更换承运商")

    assert ended(case, ClockKind.IMPROVEMENT_PLAN) == [ClockEnd.MET]


def test_an_archived_case_runs_nothing_but_its_retention(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)

    assert running(case).keys() == {ClockKind.RETENTION}
    retention = running(case)[ClockKind.RETENTION]
    assert retention.due_at is not None
    assert retention.due_at >= timezone.now() + timedelta(days=3 * 365)


def test_a_legal_hold_stops_the_retention_clock(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)
    transition_case(case.pk, "hold_legally", actor=scene.manager, note="诉讼")

    assert running(case)[ClockKind.RETENTION].paused_for == "legal_hold"


def test_a_withdrawn_case_needs_none_of_its_clocks(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "withdraw", actor=scene.agent, note="客户撤回")

    ends = set(case.timers.exclude(kind=ClockKind.RETENTION).values_list("end", flat=True))
    assert ends == {ClockEnd.VOID}


def test_the_next_deadline_is_the_earliest_clock_or_the_customers_wish(scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        wished = make_case(team=scene.front, expected_at=NINE + timedelta(minutes=10))
        plain = make_case(team=scene.front)

    assert (wished.due_at, wished.due_clock) == (NINE + timedelta(minutes=10), "")
    assert (plain.due_at, plain.due_clock) == (NINE + timedelta(minutes=30), ClockKind.TRIAGE)
