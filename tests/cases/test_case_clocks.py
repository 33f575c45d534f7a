"""What the page of a case says of its clocks, of their levels, and of its way from round to round."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cases.admin.timeline import Entry, build_timeline
from cases.choices import ClockEnd, ClockKind, State, WaitingFor
from cases.models import Case, Staff, Timer
from cases.services import transition_case
from cases.services.assignment import Because
from cases.services.ticking import tick
from tests.cases.acting import do, soon
from tests.scenes import Scene

MINUTE, HALF_HOUR = timedelta(minutes=1), timedelta(minutes=30)
NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)  # in Shanghai, of a working day


@pytest.fixture(autouse=True)
def _in_the_morning() -> Iterator[None]:
    """Clocks that keep to office hours run all through a test."""
    with time_machine.travel(NINE):
        yield


def page(client: Client, staff: Staff, case: Case) -> tuple[Any, str]:
    """Context and text of the page of the case, in English."""
    Staff.objects.filter(pk=staff.pk).update(language="en")
    client.force_login(Staff.objects.get(pk=staff.pk))
    answer: Any = client.get(reverse("admin:cases_case_change", args=[case.pk]))
    return answer.context_data, answer.content.decode()


def reach(case: Case, kind: str, *, late: timedelta) -> None:
    """The next level of this clock was reached so long ago, and is noticed now."""
    Timer.objects.filter(case=case, kind=kind).update(next_at=timezone.now() - late)
    tick()


def entry(case: Case, kind: str) -> Entry:
    found = build_timeline(Case.objects.get(pk=case.pk)).entries
    return next(one for one in found if one.event.kind == kind)


def test_running_clocks_stand_by_their_deadline_with_a_word(client: Client, scene: Scene) -> None:
    context, text = page(client, scene.agent, scene.case())

    labels = [str(clock.label) for clock in context["clocks"].running]
    assert labels == ["Triage", "First response"]
    assert [clock.countdown.level for clock in context["clocks"].running] == ["soon", "on_time"]
    assert "soon, in 29 min" in text


def test_a_clock_that_is_late_says_so(client: Client, scene: Scene) -> None:
    case = scene.case()
    Timer.objects.filter(case=case, kind=ClockKind.TRIAGE).update(due_at=timezone.now() - 5 * MINUTE)
    context, text = page(client, scene.agent, case)

    assert context["clocks"].running[0].countdown.level == "late"
    assert "late by 5 min" in text


def test_a_paused_clock_names_whom_it_waits_for_and_what_is_left(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    transition_case(
        case.pk, "wait_for", actor=scene.specialist, note="等供应商", waiting_for=WaitingFor.SUPPLIER
    )
    context, text = page(client, scene.specialist, case)

    assert {clock.waits_for for clock in context["clocks"].paused} == {"Supplier"}
    assert context["clocks"].running == []
    assert "stands still: Supplier" in text
    assert "3 h 59 min left" in text


def test_the_clock_of_support_stands_still_with_the_case(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="请核对", due_at=soon())
    do(case, "wait_for", scene.specialist, waiting_for=WaitingFor.CUSTOMER)
    context, _text = page(client, scene.specialist, case)

    assert context["clocks"].running == []
    assert len(context["clocks"].paused) == 3  # progress, completion, support


def test_ended_clocks_say_how_they_ended(client: Client, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    Timer.objects.filter(case=case, kind=ClockKind.TRIAGE).update(due_at=timezone.now() - MINUTE)
    case = scene.walk_to(State.CONFIRMATION, case)
    context, _text = page(client, scene.specialist, case)

    ended = {str(clock.label): str(clock.words) for clock in context["clocks"].ended}
    assert ended["First response"] == str(ClockEnd.MET.label)
    assert ended["Acceptance"] == str(ClockEnd.MET.label)
    assert {clock.level for clock in context["clocks"].ended} <= {"on_time", "late", "plain"}


def test_a_support_clock_names_the_team_asked(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    asked: dict[str, Any] = {
        "team": scene.support,
        "request": "请核对",
        "due_at": timezone.now() + timedelta(hours=2),
    }
    transition_case(case.pk, "ask_support", actor=scene.specialist, **asked)
    context, _text = page(client, scene.specialist, case)

    labels = [str(clock.label) for clock in context["clocks"].running]
    assert f"Support · {scene.support.name_en}" in labels


def test_promise_and_wish_stay_readable(client: Client, scene: Scene) -> None:
    case = scene.case(expected_at=timezone.now() + timedelta(hours=3))
    context, text = page(client, scene.agent, case)
    assert context["clocks"].wish.level == "on_time"
    assert "Expected by the customer" in text

    promised = scene.walk_to(State.HANDLING, case)
    context, text = page(client, scene.specialist, promised)
    assert context["clocks"].promised_at == promised.promised_at
    assert context["clocks"].wish is None
    assert "Promised for" in text


def test_a_level_is_one_readable_line_of_the_timeline(scene: Scene) -> None:
    case = scene.case()
    reach(case, ClockKind.FIRST_RESPONSE, late=timedelta(seconds=2))
    with translation.override("en"):
        line = entry(case, "escalate")
        assert line.title == "First response reached 80 %: reminder"
        assert (line.lateness, line.actor) == ("", "System")
        assert [fact.label for fact in line.facts] == ["Deadline"]


def test_what_the_system_could_not_do_is_explained(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    Timer.objects.filter(case=case, kind=ClockKind.TRIAGE).update(
        running_since=timezone.now() - 2 * HALF_HOUR, next_at=timezone.now()
    )
    tick()
    with translation.override("en"):
        facts = {fact.label: fact.words for fact in entry(case, "refuse_action").facts}
    assert facts["What was to be done"] == "Dispatch by routing rule"
    assert "Why it could not" in facts


def test_a_level_noticed_late_says_how_late(client: Client, scene: Scene) -> None:
    case = scene.case()
    reach(case, ClockKind.FIRST_RESPONSE, late=12 * MINUTE)
    with translation.override("en"):
        assert entry(case, "escalate").lateness == "noticed 12 min late"
    _context, text = page(client, scene.agent, case)
    assert "noticed 12 min late" in text
    assert "80 % reached" in text


def test_the_chain_tells_who_why_and_what_the_customer_said(client: Client, scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "dispute", actor=None, solved=False, score=2, comment="没解决")
    context, text = page(client, scene.supervisor, case)

    first, second = context["chain"]
    assert (first.round.handler, first.round.score, str(first.word)) == (scene.specialist, 2, "not satisfied")
    assert (second.round.handler, second.because) == (scene.supervisor, Because.SUPERVISOR.label)
    assert second.plan.countdown.level == "on_time"
    assert timezone.now() + timedelta(hours=23) < second.plan.due_at
    assert "Second handling" in text


def test_the_chain_says_when_the_plan_was_there(client: Client, scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "dispute", actor=None, solved=False, score=1)
    transition_case(case.pk, "submit_plan", actor=scene.supervisor, plan="更换承运商")
    context, text = page(client, scene.supervisor, case)

    plan = context["chain"][1].plan
    assert plan.submitted_at is not None
    assert plan.countdown is None
    assert "Improvement plan submitted" in text


def test_a_reopened_case_says_so_in_its_chain(client: Client, scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)
    transition_case(case.pk, "reopen", actor=scene.supervisor, note="客户又来电")
    context, _text = page(client, scene.supervisor, case)

    assert [str(link.because) for link in context["chain"]] == ["", "The case was reopened"]
    assert [str(link.word) for link in context["chain"]] == ["satisfied", "no word yet"]


def test_a_case_handled_once_has_no_chain(client: Client, scene: Scene) -> None:
    context, text = page(client, scene.specialist, scene.case(State.HANDLING))

    assert context["chain"] == []
    assert "bh-chain" not in text


def test_milestones_of_a_long_history_are_read_with_its_page(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    for number in range(40):
        transition_case(case.pk, "add_note", actor=scene.specialist, note=f"备注{number}")
    case = Case.objects.get(pk=case.pk)

    newest, older = build_timeline(case), build_timeline(case, before=3)

    moved = ["register", "begin_analysis", "dispatch"]
    assert [event.kind for event in newest.milestones] == moved
    assert [event.kind for event in older.milestones] == moved
    assert [one.event.seq for one in older.entries] == [2, 1]
