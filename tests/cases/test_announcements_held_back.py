"""An announcement that cannot be worked out waits by itself and keeps no other waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from cases.choices import State
from cases.models import Announcement, Notice
from cases.notices.expanding import work_out_announcements
from tests.cases.acting import do
from tests.cases.telling import forget_notices
from tests.cases.test_notices_owed import escalated
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> object:
    with time_machine.travel(NINE, tick=False) as traveller:
        yield traveller


def poisoned(scene: Scene) -> Announcement:
    """An event whose moment nobody can read."""
    forget_notices()
    event = escalated(scene.case(State.HANDLING), 100, due_at="not a moment")
    forget_all_but(event.pk)
    found: Announcement = Announcement.objects.get(event=event)
    return found


def forget_all_but(event_id: int) -> None:
    Announcement.objects.exclude(event=event_id).delete()


def test_a_poisoned_announcement_does_not_stop_the_others(scene: Scene, clock: object) -> None:
    bad = poisoned(scene)
    good = do(scene.case(State.HANDLING), "add_note", scene.supervisor)

    assert work_out_announcements() > 0

    assert Notice.objects.filter(case=good, event__kind="add_note").exists()
    assert list(Announcement.objects.all()) == [bad]
    bad.refresh_from_db()
    assert (bad.attempts, bad.held_until) == (1, NINE + timedelta(seconds=30))
    assert bad.error.startswith("ValueError")
    assert not Notice.objects.filter(event=bad.event).exists()


def test_the_delay_grows_up_to_an_hour(scene: Scene, clock: time_machine.Traveller) -> None:
    bad = poisoned(scene)
    delays: list[timedelta] = []
    for _attempt in range(10):
        work_out_announcements()
        bad.refresh_from_db()
        assert bad.held_until
        before = delays[-1] if delays else timedelta(0)
        delays.append(bad.held_until - datetime.now(UTC))
        assert delays[-1] >= before
        assert work_out_announcements() == 0  # not before its time
        clock.move_to(bad.held_until)
    assert (delays[0], delays[-1]) == (timedelta(seconds=30), timedelta(hours=1))
    assert bad.attempts == 10


def test_what_was_held_back_is_worked_out_once_it_can_be(scene: Scene, clock: time_machine.Traveller) -> None:
    """The cause is put right by hand, as whoever looks after the system would do it."""
    bad = poisoned(scene)
    work_out_announcements()
    event = escalated(bad.event.case, 100)
    Announcement.objects.filter(event=event).delete()
    Announcement.objects.filter(pk=bad.pk).update(event=event)
    assert work_out_announcements() == 0

    clock.shift(timedelta(seconds=30))

    assert work_out_announcements() > 0
    assert not Announcement.objects.exists()
