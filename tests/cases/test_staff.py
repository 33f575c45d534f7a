from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.test import Client

from cases.choices import Role, State
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import Staff, StaffSession
from cases.services.second_factor import begin_enrolment, has_device
from cases.services.staff import (
    deactivate_staff,
    end_sessions,
    reactivate_staff,
    reset_second_factor,
    roles_of,
    set_roles,
    unlock_login,
)
from tests.factories import StaffFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

INDEX = "/admin/"


def last_reason(staff: Staff) -> tuple[str | None, Staff | None]:
    row = staff.history.latest()
    return row.history_change_reason, row.history_user


def test_deactivating_logs_a_person_out_at_once(client: Client, scene: Scene) -> None:
    client.force_login(scene.agent)
    assert client.get(INDEX).status_code == 200

    deactivate_staff(scene.agent, actor=scene.administrator)

    assert client.get(INDEX).status_code == 302
    assert not StaffSession.objects.filter(staff_id=scene.agent.pk).exists()
    assert last_reason(scene.agent) == ("deactivated", scene.administrator)
    scene.agent.refresh_from_db()
    assert not scene.agent.is_active


def test_deactivating_names_the_open_cases_that_must_be_reassigned(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    scene.case(State.ARCHIVE)
    assert deactivate_staff(scene.specialist, actor=scene.administrator) == [case]


def test_a_person_can_come_back_and_needs_to_log_in_again(client: Client, scene: Scene) -> None:
    client.force_login(scene.agent)
    deactivate_staff(scene.agent, actor=scene.administrator)
    reactivate_staff(scene.agent, actor=scene.administrator)
    assert client.get(INDEX).status_code == 302
    client.force_login(scene.agent)
    assert client.get(INDEX).status_code == 200
    assert last_reason(scene.agent)[0] == "reactivated"


def test_nobody_deactivates_themselves(scene: Scene) -> None:
    with pytest.raises(InvalidInput):
        deactivate_staff(scene.administrator, actor=scene.administrator)


def test_ending_sessions_ends_all_of_this_person_and_of_nobody_else(client: Client, scene: Scene) -> None:
    other = Client()
    for browser in (client, Client()):
        browser.force_login(scene.agent)
    other.force_login(scene.specialist)

    assert end_sessions(scene.agent, actor=scene.administrator) == 2

    assert client.get(INDEX).status_code == 302
    assert other.get(INDEX).status_code == 200


def test_a_removed_device_ends_the_sessions_that_could_enrol_another(client: Client, scene: Scene) -> None:
    device = begin_enrolment(scene.agent)
    device.confirmed = True
    device.save()
    client.force_login(scene.agent)

    reset_second_factor(scene.agent, actor=scene.administrator)

    assert not has_device(scene.agent)
    assert client.get(INDEX).status_code == 302
    assert last_reason(scene.agent) == ("device_reset", scene.administrator)


def test_unlocking_forgets_the_failures_of_this_name(scene: Scene) -> None:
    for name in (scene.agent.username, scene.specialist.username):
        AccessAttempt.objects.create(username=name, ip_address="192.0.2.1", failures_since_start=5)
    unlock_login(scene.agent, actor=scene.administrator)
    assert [row.username for row in AccessAttempt.objects.all()] == [scene.specialist.username]
    assert last_reason(scene.agent)[0] == "login_unlocked"


def test_roles_are_set_by_an_administrator_and_recorded(scene: Scene) -> None:
    set_roles(scene.agent, ["supervisor", "agent"], actor=scene.administrator)
    assert roles_of(scene.agent) == ["agent", "supervisor"]
    assert last_reason(scene.agent) == ("roles_changed agent supervisor", scene.administrator)
    rows = scene.agent.history.count()
    set_roles(scene.agent, ["agent", "supervisor"], actor=scene.administrator)
    assert scene.agent.history.count() == rows


def test_nobody_changes_their_own_roles_not_even_a_superuser(scene: Scene) -> None:
    for person in (scene.administrator, StaffFactory(is_superuser=True)):
        with pytest.raises(NotPermitted):
            set_roles(person, [*roles_of(person), Role.MANAGER], actor=person)
        set_roles(person, roles_of(person), actor=person)


@pytest.mark.parametrize(
    "service", [deactivate_staff, reactivate_staff, end_sessions, reset_second_factor, unlock_login]
)
def test_only_administrators_change_access_and_only_superusers_that_of_superusers(
    service: object, scene: Scene
) -> None:
    assert callable(service)
    root = StaffFactory(is_superuser=True)
    for target, actor in (
        (scene.agent, scene.manager),
        (scene.agent, scene.agent),
        (root, scene.administrator),
    ):
        with pytest.raises(NotPermitted):
            service(target, actor=actor)
