"""What happens when clocks reach their levels: each once, never early, with what the system does itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.choices import CaseType, ClockKind, LadderAction, Outcome, Stage, State, Tier
from cases.clock import database_now
from cases.models import (
    Announcement,
    Case,
    CaseEvent,
    Escalation,
    LadderStep,
    RoutingRule,
    StandardsStamp,
    Timer,
    WorkCalendar,
)
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import seconds_to_next_level, tick
from tests.factories import make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def clock() -> object:
    with time_machine.travel(NINE, tick=False) as traveller:
        yield traveller


def levels(case: Case, kind: str) -> list[int]:
    return list(case.escalations.filter(kind=kind).order_by("percent").values_list("percent", flat=True))


def test_nothing_happens_before_its_time(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(urgency="urgent")
    clock.shift(timedelta(minutes=24) - timedelta(seconds=1))

    assert tick().fired == 0
    clock.shift(timedelta(seconds=1))
    assert tick().fired == 1
    assert levels(case, ClockKind.TRIAGE) == [80]


def test_each_level_is_reached_once(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.HANDLING)
    clock.shift(20 * HOUR)
    tick()
    first = list(case.events.values_list("seq", "kind"))

    assert tick().fired == 0
    assert list(case.events.values_list("seq", "kind")) == first


def test_after_an_outage_every_level_of_the_ladder_catches_up(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.HANDLING)
    clock.shift(timedelta(days=10))

    tick()

    assert levels(case, ClockKind.COMPLETION) == [80, 100, 150]
    assert levels(case, ClockKind.PROGRESS_UPDATE) == [80, 100, 150]
    promised = case.escalations.get(kind=ClockKind.COMPLETION, percent=100)
    assert promised.planned_at == case.promised_at
    assert promised.lateness == timedelta(days=10) - 4 * HOUR


def test_a_level_leaves_one_event_its_ledger_row_and_its_announcement(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(urgency="urgent")
    clock.shift(timedelta(minutes=25))
    tick()

    event = case.events.get(kind="escalate")
    timer = case.timers.get(kind=ClockKind.TRIAGE)
    assert event.cause_key == f"timer:{timer.pk}:80"
    assert (event.data["clock"], event.data["percent"], event.data["cycle"]) == (ClockKind.TRIAGE, 80, 1)
    assert event.escalation.lateness == timedelta(minutes=1)
    assert Announcement.objects.filter(event=event).exists()
    case.refresh_from_db()
    assert case.version == event.seq
    assert (timer.passed, timer.next_percent) == (80, 100)


def test_a_clock_of_a_case_that_moved_on_never_fires(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "withdraw", actor=scene.agent, note="客户撤回")
    clock.shift(timedelta(days=10))
    tick()

    assert not case.escalations.exists()


def test_a_paused_clock_does_not_fire(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等")
    clock.shift(timedelta(days=10))
    tick()

    assert not case.escalations.exists()


def test_what_was_reached_before_a_pause_is_noticed_in_it(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    """Nobody ticked when it was due; then the case waits, and the customer is called meanwhile."""
    case = scene.case(State.HANDLING)
    due_at = case.timers.running().get(kind=ClockKind.PROGRESS_UPDATE).due_at
    clock.move_to(due_at + timedelta(minutes=20))
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等")
    clock.shift(timedelta(minutes=20))
    tick()
    assert levels(case, ClockKind.PROGRESS_UPDATE) == [80, 100]
    noticed = case.escalations.get(kind=ClockKind.PROGRESS_UPDATE, percent=100)
    assert (noticed.planned_at, noticed.lateness) == (due_at, timedelta(minutes=40))
    assert (noticed.due_at, noticed.event.data["due_at"]) == (due_at, due_at.isoformat())

    clock.shift(timedelta(days=10))
    assert tick().fired == 0
    transition_case(case.pk, "resume", actor=scene.specialist)
    assert levels(case, ClockKind.PROGRESS_UPDATE) == [80, 100]


def test_a_level_made_in_a_pause_was_not_reached_before_it(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.HANDLING)
    clock.shift(2 * HOUR)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等")
    clock.shift(HOUR)
    LadderStep.objects.create(kind=ClockKind.PROGRESS_UPDATE, percent=20)
    standards_changed("ladder", actor=None)
    rearm_some()
    assert tick().fired == 0
    assert not case.escalations.exists()


def test_what_the_law_holds_back_does_not_end_while_it_does(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.ARCHIVE)
    ends_at = case.timers.get(kind=ClockKind.RETENTION).due_at
    assert ends_at
    clock.move_to(ends_at + HOUR)
    transition_case(case.pk, "hold_legally", actor=scene.manager, note="诉讼")
    assert tick().fired == 0
    transition_case(case.pk, "release_hold", actor=scene.manager, note="结案")
    assert tick().fired == 1


@pytest.mark.parametrize("state", [State.INTAKE, State.ANALYSIS])
def test_a_case_not_triaged_in_time_is_dispatched_by_routing_rule(
    scene: Scene, clock: time_machine.Traveller, state: State
) -> None:
    RoutingRule.objects.create(stage=Stage.DISPATCH, type=CaseType.COMPLAINT, team=scene.back)
    case = scene.case(state)
    clock.shift(timedelta(minutes=30))
    tick()

    case.refresh_from_db()
    assert (case.state, case.team) == (State.HANDLING, scene.back)
    dispatched = case.events.get(kind="dispatch")
    assert dispatched.actor is None
    assert dispatched.seq == case.events.get(kind="escalate", data__percent=100).seq + 1
    assert case.timers.running().filter(kind=ClockKind.ACCEPTANCE).exists()


def test_where_no_rule_fits_the_refusal_is_written_to_the_case(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    RoutingRule.objects.all().delete()
    case = scene.case(State.ANALYSIS)
    clock.shift(timedelta(minutes=30))
    tick()
    tick()

    case.refresh_from_db()
    assert case.state == State.ANALYSIS
    refused = case.events.get(kind="refuse_action")
    assert refused.data["action"] == LadderAction.DISPATCH
    assert refused.data["reason"]


def test_silence_archives_the_case_as_unanswered(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.CONFIRMATION)
    clock.shift(24 * HOUR)
    tick()
    assert levels(case, ClockKind.CONFIRMATION_REMINDER) == [100]
    work_out_announcements()
    clock.shift(48 * HOUR)
    tick()

    case.refresh_from_db()
    assert (case.state, case.outcome) == (State.ARCHIVE, Outcome.UNANSWERED)


def test_a_step_of_the_ladder_may_raise_the_tier(scene: Scene, clock: time_machine.Traveller) -> None:
    LadderStep.objects.filter(kind=ClockKind.TRIAGE, percent=80).update(action=LadderAction.RAISE_TIER)
    standards_changed("ladder", actor=None)
    case = scene.case(State.ANALYSIS)
    clock.shift(timedelta(minutes=25))
    tick()

    case.refresh_from_db()
    assert case.tier == Tier.SPECIALISTS


def test_a_clock_that_cannot_be_worked_on_is_held_back_and_stops_no_other(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    poisoned, sound = scene.case(State.HANDLING), scene.case(State.HANDLING)
    never_open = WorkCalendar.objects.create(name="从不工作")
    standards_changed("calendar", actor=None)
    poison = poisoned.timers.get(kind=ClockKind.COMPLETION)
    number = StandardsStamp.objects.get().number
    Timer.objects.filter(pk=poison.pk).update(calendar=never_open, target_at=None, standards=number)
    clock.shift(4 * HOUR)

    report = tick()

    poison.refresh_from_db()
    assert report.held == 1
    assert levels(sound, ClockKind.COMPLETION) == [80, 100]
    assert levels(poisoned, ClockKind.COMPLETION) == []
    assert (poison.attempts, poison.held_until) == (1, NINE + 4 * HOUR + timedelta(seconds=30))
    assert "NoWorkingTime" in poison.error
    assert tick().held == 0
    clock.shift(timedelta(seconds=31))
    assert tick().held == 1
    poison.refresh_from_db()
    assert poison.held_until == NINE + 4 * HOUR + timedelta(seconds=91)


def test_a_page_is_not_out_of_date_because_a_clock_went_on(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.ANALYSIS)
    clock.shift(timedelta(minutes=25))
    tick()

    transition_case(case.pk, "add_note", actor=scene.agent, note="已核实", expected_version=case.version)
    assert case.events.filter(kind="add_note").exists()


def statements(write: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        write()  # type: ignore[operator]
    framing = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(framing) for query in captured.captured_queries)


def test_a_batch_costs_the_same_statements_however_many_clocks(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    scene.case(State.HANDLING)
    tick()
    clock.shift(timedelta(hours=3, minutes=30))
    for_one = statements(tick)
    for _number in range(20):
        scene.case(State.HANDLING)
    clock.shift(timedelta(hours=3, minutes=30))

    assert Timer.objects.due(NINE + 7 * HOUR).count() >= 20
    # SQLite writes what differs from row to row a hundred rows at a time; here they fit.
    assert statements(tick) <= for_one + 1


def test_other_standards_move_running_clocks_and_keep_the_time_used(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="normal")
    clock.shift(2 * HOUR)
    calendar = WorkCalendar.objects.get(is_default=True)
    calendar.windows.all().delete()
    for weekday in range(7):
        calendar.windows.create(weekday=weekday, starts="11:00", ends="12:00")
    standards_changed("calendar", actor=None)

    assert rearm_some() >= 1
    # Two of eight hours had passed by eleven; an hour a day is left for the other six.
    timer = case.timers.get(kind=ClockKind.FIRST_RESPONSE)
    assert timer.used == 2 * HOUR
    assert timer.due_at == NINE + timedelta(days=5) + 3 * HOUR
    assert rearm_some() == 0


def test_actions_on_many_cases_cost_the_statements_of_actions_on_few(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    RoutingRule.objects.create(stage=Stage.DISPATCH, type=CaseType.COMPLAINT, team=scene.back)
    costs = []
    for number in (50, 90):  # from fifty on, rows are written in bulk
        cases = [scene.case() for _number in range(number)]
        clock.shift(timedelta(minutes=30))
        costs.append(statements(tick))
        assert {Case.objects.get(pk=case.pk).state for case in cases} == {State.HANDLING}

    assert costs[1] <= costs[0] + 2


def test_every_escalation_has_its_event_and_every_event_its_escalation(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    for state in (State.INTAKE, State.ANALYSIS, State.HANDLING, State.CONFIRMATION):
        scene.case(state)
    clock.shift(timedelta(days=4))
    tick()

    events = CaseEvent.objects.filter(kind="escalate")
    assert events.count() == Escalation.objects.count() > 8
    assert not events.filter(escalation=None).exists()


# The customer's time to answer


def test_after_an_outage_the_customer_still_has_the_time_after_the_reminder(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.CONFIRMATION)
    clock.shift(timedelta(days=5))
    while tick().fired:
        continue
    assert levels(case, ClockKind.CONFIRMATION_REMINDER) == [100]
    assert levels(case, ClockKind.CONFIRMATION_EXPIRY) == []
    end = case.timers.get(kind=ClockKind.CONFIRMATION_EXPIRY)
    assert end.due_at == end.next_at == NINE + timedelta(days=5, hours=48)

    transition_case(case.pk, "add_note", actor=scene.manager, note="系统恢复")
    work_out_announcements()
    clock.shift(48 * HOUR - timedelta(seconds=1))
    assert tick().fired == 0
    clock.shift(timedelta(seconds=1))
    assert tick().fired == 1
    case.refresh_from_db()
    assert case.outcome == Outcome.UNANSWERED
    assert case.escalations.get(kind=ClockKind.CONFIRMATION_EXPIRY).lateness == timedelta(0)


def test_a_reminder_that_comes_in_time_puts_nothing_off(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.CONFIRMATION)
    clock.shift(24 * HOUR + timedelta(minutes=4))
    assert tick().fired == 1
    assert case.timers.get(kind=ClockKind.CONFIRMATION_EXPIRY).next_at == NINE + 72 * HOUR


def test_no_confirmation_ends_while_its_reminder_is_held_back(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.CONFIRMATION)
    clock.shift(73 * HOUR)
    reminder = case.timers.filter(kind=ClockKind.CONFIRMATION_REMINDER)
    reminder.update(held_until=NINE + 74 * HOUR, error="…")
    assert tick().fired == 0

    clock.shift(HOUR)
    assert tick().fired == 1
    assert levels(case, ClockKind.CONFIRMATION_REMINDER) == [100]
    assert case.timers.get(kind=ClockKind.CONFIRMATION_EXPIRY).next_at == NINE + (74 + 48) * HOUR


def test_when_the_next_level_comes_is_known(scene: Scene) -> None:
    Timer.objects.update(next_at=None)
    assert seconds_to_next_level() is None

    now = database_now()
    for state in (State.ANALYSIS, State.HANDLING):
        scene.case(state)
    clocks = Timer.objects.filter(next_at__isnull=False)
    clocks.update(next_at=now + timedelta(hours=5))
    first, second, held = clocks.order_by("pk").values_list("pk", flat=True)[:3]
    Timer.objects.filter(pk=second).update(next_at=now + timedelta(minutes=2))
    Timer.objects.filter(pk=held).update(
        next_at=now + timedelta(minutes=1), held_until=now + timedelta(minutes=3)
    )

    seconds = seconds_to_next_level()
    assert seconds is not None
    assert 60 < seconds <= 120

    # It came due while the last tick worked on others.
    Timer.objects.filter(pk=first).update(next_at=now - timedelta(seconds=1))
    assert seconds_to_next_level() == 0
