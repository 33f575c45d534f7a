"""The fault rig works out again what events owe: quiet where all is there, it sees what is not."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import ContactKind, NoticeChannel, State, Whom
from cases.models import Announcement, Case, Notice, NoticeRule
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from tests.factories import ContactFactory, CustomerFactory, StaffFactory
from tests.faults.owed import last_event, unwritten
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def case(scene: Scene) -> Case:
    """Delivered to a customer who can be reached; the supervisor is told of everything delivered."""
    customer = CustomerFactory()
    ContactFactory(customer=customer, kind=ContactKind.EMAIL, value="who@example.com", preferred=True)
    NoticeRule.objects.create(
        event_kind="deliver", whom=Whom.SUPERVISOR, channel=NoticeChannel.EMAIL, required=True
    )
    return scene.case(State.CONFIRMATION, customer=customer)


def of_delivery(case: Case, **found: Any) -> list[str]:
    notices = Notice.objects.filter(event__case=case, event__kind="deliver", **found)
    return sorted(notices.values_list("owed_key", flat=True))


def test_nothing_is_missing_of_what_was_worked_out(case: Case) -> None:
    work_out_announcements()

    assert len(of_delivery(case)) == 2
    assert unwritten(0) == []


def test_what_nobody_has_worked_out_yet_is_not_missed(case: Case) -> None:
    assert Announcement.objects.exists()
    assert unwritten(0) == []


def test_notices_lost_with_their_announcement_are_seen(case: Case) -> None:
    Announcement.objects.filter(event__case=case, event__kind="deliver").delete()
    work_out_announcements()

    event = case.events.get(kind="deliver")
    supervisors = [key for key in unwritten(0) if ":email:staff" in key]
    assert set(unwritten(0)) == {f"{event.pk}:customer{case.customer_id}", *supervisors}
    assert len(supervisors) == 1


def test_one_notice_of_several_that_is_lost_is_seen(case: Case) -> None:
    work_out_announcements()
    lost = of_delivery(case, customer__isnull=False)
    Notice.objects.filter(owed_key__in=lost).delete()

    assert len(lost) == 1
    assert unwritten(0) == lost


def test_events_before_the_trial_are_left_alone(case: Case) -> None:
    Announcement.objects.all().delete()
    assert unwritten(0)
    assert unwritten(last_event()) == []


def test_who_was_the_handler_then_may_have_been_told_though_another_is_now(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    other = StaffFactory(role="specialist", department=scene.department, teams=[scene.back])
    transition_case(case.pk, "remind", actor=scene.supervisor, note="请尽快")
    work_out_announcements()
    assert Notice.objects.filter(event__kind="remind", staff=scene.specialist).exists()
    transition_case(case.pk, "reassign", actor=scene.supervisor, handler=other, note="改派")
    work_out_announcements()

    assert unwritten(0) == []


def test_nobody_told_is_seen_also_where_the_handler_has_changed_since(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    other = StaffFactory(role="specialist", department=scene.department, teams=[scene.back])
    work_out_announcements()
    before = last_event()
    transition_case(case.pk, "remind", actor=scene.supervisor, note="请尽快")
    Announcement.objects.all().delete()
    transition_case(case.pk, "reassign", actor=scene.supervisor, handler=other, note="改派")
    work_out_announcements()

    missing = unwritten(before)
    assert missing
    assert {key.split(":")[0] for key in missing} == {str(case.events.get(kind="remind").pk)}
