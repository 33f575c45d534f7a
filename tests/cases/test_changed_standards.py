"""What happens to running clocks when calendars, service levels or the ladder change under them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from cases.choices import ClockKind, JobState, LadderAction, NoticeChannel, State, VipLevel, Whom
from cases.exceptions import InvalidInput, NotPossible
from cases.models import (
    Case,
    Escalation,
    LadderStep,
    Rearming,
    ServiceLevel,
    Timer,
    WorkCalendar,
)
from cases.services import rearming, transition_case
from cases.services.calendars import keep_calendar
from cases.services.levels import publish_version, save_ladder_step
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from tests.factories import make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)  # in Shanghai, a Wednesday; 9-12 and 13-18 are worked
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=2)
NOTHING = timedelta(0)


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NINE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def standard() -> WorkCalendar:
    return WorkCalendar.objects.get(is_default=True)


def running(case: Case, kind: str) -> Timer:
    timer: Timer = case.timers.get(kind=kind, stopped_at=None)
    return timer


def lateness(case: Case, kind: str) -> dict[int, timedelta]:
    """Of each level that was noticed."""
    return dict(Escalation.objects.filter(case=case, kind=kind).values_list("percent", "lateness"))


def test_a_tick_before_the_clocks_have_followed_goes_by_the_new_calendar(
    scene: Scene, clock: time_machine.Traveller, standard: WorkCalendar
) -> None:
    friday_evening = datetime(2026, 9, 11, 9, 30, tzinfo=UTC)
    clock.move_to(friday_evening)
    case = make_case(team=scene.front, urgency="important")
    planned = running(case, ClockKind.FIRST_RESPONSE).next_at
    assert planned == datetime(2026, 9, 14, 3, 42, tzinfo=UTC)  # on Monday, after half an hour of Friday
    clock.move_to(planned - SOON)
    standard.always_on = True
    standard.save()
    keep_calendar(standard, actor=None)

    clock.move_to(planned)
    tick()

    # The weekend had passed before the calendar changed: it counts as it was then.
    assert lateness(case, ClockKind.FIRST_RESPONSE) == {80: NOTHING}
    assert running(case, ClockKind.FIRST_RESPONSE).due_at == planned + HOUR * 0.8


def test_a_tick_before_the_clocks_have_followed_goes_by_the_new_level(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="urgent")
    clock.move_to(NINE + 2 * HOUR - SOON)
    tick()
    level = ServiceLevel.objects.get()
    publish_version(level, actor=None, applies_to_open=True, response_urgent=4 * HOUR)

    clock.move_to(NINE + 2 * HOUR + SOON)
    tick()
    assert lateness(case, ClockKind.FIRST_RESPONSE).keys() == {80}
    assert running(case, ClockKind.FIRST_RESPONSE).due_at == NINE + 5 * HOUR  # over the lunch hour

    clock.move_to(NINE + 5 * HOUR)
    tick()
    assert lateness(case, ClockKind.FIRST_RESPONSE)[100] == NOTHING


def test_a_case_that_moves_on_in_between_takes_over_the_version_too(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="urgent")
    version = publish_version(
        ServiceLevel.objects.get(), actor=None, applies_to_open=True, response_urgent=HOUR
    )

    case = transition_case(case.pk, "begin_analysis", actor=scene.agent)

    assert case.service_level == version
    assert running(case, ClockKind.FIRST_RESPONSE).due_at == NINE + HOUR


def test_no_case_changes_its_level_because_something_else_did(
    scene: Scene, clock: time_machine.Traveller, standard: WorkCalendar
) -> None:
    vips = ServiceLevel.objects.create(name="贵宾")
    publish_version(
        vips, actor=None, position=1, vip_from=VipLevel.GOLD, response_normal=HOUR, applies_to_open=True
    )
    case = make_case(team=scene.front)
    began_with = case.service_level
    case.customer.vip_level = VipLevel.GOLD
    case.customer.save()

    keep_calendar(standard, actor=None)
    rearm_some()
    transition_case(case.pk, "begin_analysis", actor=scene.agent)

    case.refresh_from_db()
    assert case.service_level == began_with


def test_open_clocks_follow_by_their_deadline_and_the_archive_is_left_alone(
    scene: Scene, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived = scene.case(State.ARCHIVE)
    later, sooner = (make_case(team=scene.front, urgency=urgency) for urgency in ("normal", "urgent"))
    for case in (later, sooner):
        transition_case(case.pk, "begin_analysis", actor=scene.agent)
        transition_case(case.pk, "wait_for", actor=scene.agent, waiting_for="customer", note="等客户")
    kept = running(archived, ClockKind.RETENTION)
    number = standards_changed("calendar", actor=None).stamp
    monkeypatch.setattr(rearming, "BATCH", 1)

    rearm_some(most=1)
    assert Timer.objects.filter(standards=number).values_list("case", flat=True).distinct().get() == sooner.pk
    rearm_some()

    assert not Timer.objects.following().filter(standards__lt=number).exists()
    assert running(archived, ClockKind.RETENTION).standards == kept.standards
    assert Rearming.objects.get(stamp=number).state == JobState.DONE


def test_an_earlier_level_of_how_long_cases_are_kept_reaches_the_archive(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.ARCHIVE)
    step = LadderStep(kind=ClockKind.RETENTION, percent=50, whom=Whom.ADMINISTRATOR)
    save_ladder_step(step, actor=scene.administrator)

    rearm_some()

    timer = running(case, ClockKind.RETENTION)
    assert (timer.next_percent, timer.next_at) == (50, NINE + timer.budget / 2)
    assert rearm_some() == 0


def test_a_promise_stays_where_it_is_whatever_the_calendar_becomes(
    scene: Scene, clock: time_machine.Traveller, standard: WorkCalendar
) -> None:
    case = scene.case(State.HANDLING)  # promised for one o'clock
    promised = NINE + 4 * HOUR
    clock.shift(2 * HOUR)
    standard.windows.filter(starts=time(9)).update(starts=time(7))
    keep_calendar(standard, actor=None)

    rearm_some()
    assert running(case, ClockKind.COMPLETION).due_at == promised

    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")
    clock.shift(HOUR / 2)
    transition_case(case.pk, "resume", actor=scene.specialist)
    # Half an hour of waiting moves it on by half an hour of working time, after the lunch hour.
    assert running(case, ClockKind.COMPLETION).due_at == promised + HOUR / 2


def test_a_promise_that_waiting_moved_is_moved_by_as_much_of_the_new_calendar(
    scene: Scene, clock: time_machine.Traveller, standard: WorkCalendar
) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")
    clock.shift(HOUR)
    transition_case(case.pk, "resume", actor=scene.specialist)
    assert running(case, ClockKind.COMPLETION).due_at == NINE + 5 * HOUR
    standard.always_on = True
    standard.save()
    keep_calendar(standard, actor=None)
    rearm_some()

    assert running(case, ClockKind.COMPLETION).due_at == NINE + 5 * HOUR
    standard.always_on = False
    standard.save()
    standard.windows.filter(ends=time(18)).update(starts=time(15))
    keep_calendar(standard, actor=None)
    rearm_some()

    assert running(case, ClockKind.COMPLETION).due_at == NINE + 7 * HOUR  # one hour after the break


def test_another_target_makes_nobody_late_for_the_time_before_it(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.ANALYSIS, urgency="normal")
    clock.shift(5 * HOUR)
    transition_case(case.pk, "set_urgency", actor=scene.agent, urgency="urgent", note="客户催促")
    clock.shift(timedelta(minutes=1))
    transition_case(case.pk, "amend", actor=scene.agent, type="complaint", description="补充说明")

    tick()

    noticed = lateness(case, ClockKind.FIRST_RESPONSE)
    assert noticed == dict.fromkeys((80, 100, 150), timedelta(minutes=1))
    assert running(case, ClockKind.FIRST_RESPONSE).due_at == NINE + 2 * HOUR


def test_a_new_level_is_no_older_than_the_ladder_it_came_with(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="normal")
    clock.shift(4 * HOUR)
    step = LadderStep(kind=ClockKind.FIRST_RESPONSE, percent=20, whom=Whom.HANDLER)
    save_ladder_step(step, actor=scene.administrator)

    rearm_some()
    tick()

    assert lateness(case, ClockKind.FIRST_RESPONSE) == {20: NOTHING}


def test_a_request_written_down_late_has_missed_nothing_before(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = make_case(team=scene.front, urgency="urgent", received_at=NINE - timedelta(days=1))

    tick()

    assert lateness(case, ClockKind.FIRST_RESPONSE) == dict.fromkeys((80, 100, 150), NOTHING)
    assert running(case, ClockKind.FIRST_RESPONSE).due_at == NINE - timedelta(days=1) + 2 * HOUR


def test_a_contact_written_down_later_does_not_count_the_waiting_since(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.HANDLING)
    clock.move_to(NINE + HOUR / 2)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")
    clock.move_to(NINE + 2.5 * HOUR)
    transition_case(case.pk, "resume", actor=scene.specialist)
    clock.move_to(NINE + 2.75 * HOUR)
    said_at = NINE + HOUR / 4
    transition_case(
        case.pk,
        "contact_customer",
        actor=scene.specialist,
        channel="phone",
        message="已说明",
        happened_at=said_at,
    )

    timer = running(case, ClockKind.PROGRESS_UPDATE)
    assert timer.started_at == said_at
    # A quarter before the wait and a quarter after it are used; the rest of four hours is over lunch.
    assert timer.due_at == NINE + 2.75 * HOUR + 3.5 * HOUR + HOUR


def test_a_contact_written_down_while_waiting_begins_with_the_wait(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    case = scene.case(State.HANDLING)
    waits_from = NINE + HOUR / 2
    clock.move_to(waits_from)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="supplier", note="等供应商")
    clock.shift(HOUR)
    words: dict[str, Any] = {"channel": "phone", "message": "已说明", "happened_at": NINE + HOUR / 4}
    transition_case(case.pk, "contact_customer", actor=scene.specialist, **words)

    timer = running(case, ClockKind.PROGRESS_UPDATE)
    assert (timer.paused_at, timer.used, timer.due_at) == (waits_from, HOUR / 4, None)


def test_two_changes_in_a_row_count_each_stretch_by_its_calendar(
    scene: Scene, clock: time_machine.Traveller, standard: WorkCalendar
) -> None:
    case = make_case(team=scene.front, urgency="normal")
    clock.shift(HOUR)
    standard.windows.filter(starts=time(9)).update(starts=time(11))  # from ten on nothing is worked
    keep_calendar(standard, actor=None)
    clock.shift(HOUR)
    standard.windows.filter(starts=time(11)).update(starts=time(9))
    keep_calendar(standard, actor=None)

    rearm_some()

    assert running(case, ClockKind.FIRST_RESPONSE).used == HOUR


def test_one_case_that_cannot_be_reckoned_keeps_no_other_waiting(
    scene: Scene, clock: time_machine.Traveller
) -> None:
    broken = scene.case(State.HANDLING)
    sound = [scene.case(State.HANDLING) for _number in range(3)]
    never_open = WorkCalendar.objects.create(name="从不工作")
    scene.support.calendar = never_open
    scene.support.save()
    Case.objects.filter(pk=broken.pk).update(team=scene.support)
    number = standards_changed("calendar", actor=None).stamp

    rearm_some()

    timers = Timer.objects.following()
    assert {pk for (pk,) in timers.filter(standards=number).values_list("case")} == {c.pk for c in sound}
    held = timers.filter(case=broken)
    assert all(timer.held_until == NINE + timedelta(seconds=30) for timer in held)
    assert "NotPossible" in held[0].error
    assert Rearming.objects.get(stamp=number).state != JobState.DONE

    Case.objects.filter(pk=broken.pk).update(team=scene.back)
    clock.shift(timedelta(seconds=31))
    rearm_some()
    assert Rearming.objects.get(stamp=number).state == JobState.DONE
    assert not timers.filter(standards__lt=number).exists()


def test_a_level_may_do_more_than_one_thing(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.ANALYSIS)
    row = {"kind": ClockKind.TRIAGE, "percent": 100, "channel": NoticeChannel.INBOX}
    step = LadderStep(**row, whom=Whom.TEAM_LEAD, action=LadderAction.RAISE_TIER)
    save_ladder_step(step, actor=scene.administrator)
    clock.shift(HOUR)

    tick()

    done = case.events.filter(cause_key__contains=":100:").values_list("cause_key", flat=True)
    assert {str(key).rpartition(":")[2] for key in done} == {"dispatch", "raise_tier"}


@pytest.mark.parametrize("years", [2, 200, 7900])
def test_a_promise_in_another_age_is_a_slip(scene: Scene, clock: time_machine.Traveller, years: int) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "contact_customer", actor=scene.agent, channel="phone", message="已致电")
    transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)
    promised_at = NINE.replace(year=NINE.year + years)

    with pytest.raises(InvalidInput) as refused:
        transition_case(case.pk, "accept", actor=scene.specialist, promised_at=promised_at)

    assert refused.value.field == "promised_at"


def test_a_request_of_another_age_is_a_slip(scene: Scene, clock: time_machine.Traveller) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_case(team=scene.front, received_at=NINE.replace(year=26))

    assert refused.value.field == "received_at"


def test_a_calendar_without_time_refuses_a_step_in_words(scene: Scene, clock: time_machine.Traveller) -> None:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "contact_customer", actor=scene.agent, channel="phone", message="已致电")
    scene.back.calendar = WorkCalendar.objects.create(name="从不工作")
    scene.back.save()
    standards_changed("calendar", actor=None)

    with pytest.raises(NotPossible):
        transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)
