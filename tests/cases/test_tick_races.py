"""Two ticks at once, and a tick beside people at work, in real threads: each level once, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Event

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from cases import waking
from cases.choices import ClockKind, State
from cases.models import Case, Escalation, StandardsStamp, Timer
from cases.services import transition_case
from cases.services.calendar_seed import ensure_calendars
from cases.services.rearming import rearm_some, standards_changed
from cases.services.standards_seed import ensure_standards
from cases.services.ticking import tick
from cases.ticker import Job, Outage, Runner
from tests.cases.broken_promises import notice
from tests.cases.test_races import organisation as organisation
from tests.cases.test_races import pool as pool
from tests.cases.test_races import step, together
from tests.invariants import violations
from tests.scenes import Scene

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
ROUNDS = 20
PATIENCE = 10  # seconds
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene(organisation: Scene) -> Scene:
    StandardsStamp.objects.all().delete()
    ensure_calendars(apps)
    ensure_standards(apps)
    return organisation


def make_due(case: Case, kind: str) -> Timer:
    """Let the clock's next level have been reached a minute ago."""
    timer = case.timers.get(kind=kind, stopped_at=None)
    Timer.objects.filter(pk=timer.pk).update(next_at=timezone.now() - MINUTE)
    return timer


def test_two_ticks_reach_each_level_once(scene: Scene, pool: ThreadPoolExecutor) -> None:
    timers = [make_due(scene.case(State.HANDLING), ClockKind.COMPLETION) for _case in range(ROUNDS)]

    reports = together(pool, [tick] * 4)

    assert sum(report.fired for report in reports) == ROUNDS
    fired = Escalation.objects.filter(timer__in=timers)
    assert fired.count() == fired.values("timer").distinct().count() == ROUNDS
    assert violations() == {}


def test_a_clock_due_between_two_turns_of_the_ticker_is_not_left_to_the_second(scene: Scene) -> None:
    timer = scene.case(State.HANDLING).timers.get(kind=ClockKind.COMPLETION, stopped_at=None)
    Timer.objects.filter(pk=timer.pk).update(next_at=timezone.now() + timedelta(seconds=2))
    running = Runner(Job("cases.tasks.tick"), timedelta(hours=1), Outage(), lambda job: None)
    running.thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not Escalation.objects.filter(timer=timer).exists():
            assert time.monotonic() < deadline
            running.thread.join(0.1)
    finally:
        running.stop()
        running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


def test_a_notice_being_written_keeps_neither_clocks_nor_people_waiting(
    scene: Scene, pool: ThreadPoolExecutor
) -> None:
    case = scene.case(State.HANDLING)
    make_due(case, ClockKind.COMPLETION)

    with being_written(scene, case, "first"):
        (report,) = together(pool, [tick])
        together(pool, [step(case, "report_progress", scene.specialist)])
    standards_changed("ladder", actor=None)
    with being_written(scene, case, "second"):
        together(pool, [rearm_some])

    assert report.fired == 1
    assert case.events.filter(kind="report_progress").exists()
    assert not Timer.objects.following().filter(standards__lt=2).exists()
    assert violations() == {}


@contextmanager
def being_written(scene: Scene, case: Case, key: str) -> Iterator[None]:
    with transaction.atomic():
        notice(scene, case=case, owed_key=key)
        connection.check_constraints()  # which the end of a transaction does, and locks what is referred to
        yield


def test_a_clock_whose_case_somebody_has_is_tried_once_more_at_the_end(
    scene: Scene, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, seen, given_back = Event(), Event(), Event()
    had, free = scene.case(State.HANDLING), scene.case(State.HANDLING)
    for case in (had, free):
        make_due(case, ClockKind.COMPLETION)

    def have_it() -> None:
        with transaction.atomic():
            Case.objects.locked().get(pk=had.pk)
            held.set()
            assert seen.wait(PATIENCE)
        given_back.set()

    def when_the_other_is_done() -> None:
        seen.set()
        assert given_back.wait(PATIENCE)

    monkeypatch.setattr(waking, "WAKERS", [when_the_other_is_done])
    having = pool.submit(have_it)
    assert held.wait(PATIENCE)
    report = tick()
    having.result()

    assert report.fired == 2
    assert Escalation.objects.order_by("pk").values_list("case", flat=True)[0] == free.pk


def test_a_tick_beside_people_at_work_loses_nothing(scene: Scene, pool: ThreadPoolExecutor) -> None:
    for _round in range(ROUNDS):
        case = scene.case(State.HANDLING)
        timer = make_due(case, ClockKind.COMPLETION)
        together(
            pool,
            [
                tick,
                step(case, "deliver", scene.specialist, result="已补发", proof="SF1"),
                step(case, "report_progress", scene.specialist),
                tick,
            ],
        )

        timer.refresh_from_db()
        case.refresh_from_db()
        fired = list(Escalation.objects.filter(timer=timer).select_related("event"))
        assert len(fired) <= 1
        delivered = case.events.filter(kind="deliver").first()
        assert delivered is not None
        assert all(one.event.seq < delivered.seq for one in fired)
        assert timer.stopped_at is not None
    assert violations() == {}


def test_a_case_confirmed_as_it_expires_ends_once(scene: Scene, pool: ThreadPoolExecutor) -> None:
    for _round in range(ROUNDS):
        case = scene.case(State.CONFIRMATION)
        make_due(case, ClockKind.CONFIRMATION_EXPIRY)
        together(pool, [tick, step(case, "confirm", None, score=5), tick])

        case.refresh_from_db()
        assert case.state == State.ARCHIVE
        assert case.events.filter(kind__in=("confirm", "expire")).count() == 1
    assert violations() == {}


def test_reckoning_anew_beside_people_at_work_leaves_no_clock_behind(
    scene: Scene, pool: ThreadPoolExecutor
) -> None:
    cases = [scene.case(State.ANALYSIS) for _case in range(ROUNDS)]
    standards_changed("ladder", actor=None)

    together(
        pool,
        [
            rearm_some,
            rearm_some,
            *(
                partial(
                    transition_case,
                    case.pk,
                    "contact_customer",
                    actor=scene.agent,
                    channel="phone",
                    message="您好",
                )
                for case in cases[:6]
            ),
        ],
    )
    rearm_some()

    assert not Timer.objects.running().filter(standards__lt=2).exists()
    assert violations() == {}
