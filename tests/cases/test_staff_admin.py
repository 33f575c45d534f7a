from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.choices import Language, Role, State
from cases.models import Staff
from cases.services.staff import roles_of
from tests.factories import PASSWORD, StaffFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

LIST = "/admin/cases/staff/"
DIALOGS = ("deactivate", "reactivate", "end_sessions", "reset_device", "unlock")


@pytest.fixture
def client(client: Client, scene: Scene) -> Client:
    scene.administrator.language = Language.ENGLISH
    scene.administrator.save()
    client.force_login(scene.administrator)
    return client


def page_of(staff: Staff, part: str = "change") -> str:
    return f"{LIST}{staff.pk}/{part}/"


def fields_of(staff: Staff, **changed: Any) -> dict[str, Any]:
    return {
        "username": staff.username,
        "name": staff.name,
        "email": staff.email,
        "language": staff.language,
        "department": staff.department_id or "",
        "teams": list(staff.teams.values_list("pk", flat=True)),
        "roles": roles_of(staff),
        **changed,
    }


def press(client: Client, staff: Staff, name: str) -> int:
    url = reverse(f"admin:cases_staff_{name}", args=[staff.pk])
    return client.post(url, {"_form_submitted": "True"}).status_code


def test_an_administrator_adds_a_person_with_roles_who_is_no_superuser(client: Client, scene: Scene) -> None:
    data = {
        "username": "new",
        "name": "王*",
        "email": "new@example.com",
        "language": "zh-hans",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "teams": [scene.front.pk],
        "roles": ["agent"],
        "is_superuser": "on",
        "user_permissions": [1, 2],
        "groups": [1],
    }
    assert client.post(f"{LIST}add/", data).status_code == 302
    new = Staff.objects.get(username="new")
    assert (new.is_staff, new.is_superuser, roles_of(new)) == (True, False, ["agent"])
    assert new.check_password(PASSWORD)
    assert not new.user_permissions.exists()


def test_roles_are_boxes_under_their_names(client: Client, scene: Scene) -> None:
    page = client.get(page_of(scene.agent)).content.decode()
    assert "Supervisor" in page
    client.post(page_of(scene.agent), fields_of(scene.agent, roles=["supervisor"]))
    assert roles_of(scene.agent) == ["supervisor"]


def test_forged_fields_make_nobody_a_superuser_and_nobody_active(client: Client, scene: Scene) -> None:
    forged = {
        "is_superuser": "on",
        "is_staff": "",
        "groups": [1, 2],
        "user_permissions": [1],
        "password": "x",
    }
    before = scene.agent.password
    client.post(page_of(scene.agent), fields_of(scene.agent, **forged))
    scene.agent.refresh_from_db()
    assert (scene.agent.is_superuser, scene.agent.is_staff) == (False, True)
    assert roles_of(scene.agent) == ["agent"]
    assert scene.agent.password == before
    assert scene.agent.is_active


def test_an_administrator_sees_their_own_roles_but_cannot_change_them(client: Client, scene: Scene) -> None:
    own = scene.administrator
    assert 'name="roles"' not in client.get(page_of(own)).content.decode()
    client.post(page_of(own), fields_of(own, roles=["manager", "administrator"]))
    assert roles_of(own) == ["administrator"]


@pytest.mark.parametrize("part", ["change", "history", "delete"])
def test_pages_never_show_a_password_hash(client: Client, scene: Scene, part: str) -> None:
    scene.agent.set_password(PASSWORD)
    scene.agent.save()
    answer = client.get(page_of(scene.agent, part))
    assert "md5$" not in answer.content.decode()
    assert part != "delete" or answer.status_code == 403


@pytest.mark.parametrize("role", [Role.AGENT, Role.SPECIALIST])
def test_agents_and_specialists_have_no_page_of_staff(client: Client, scene: Scene, role: Role) -> None:
    client.force_login(scene.people()[role])
    for url in (LIST, f"{LIST}add/", page_of(scene.agent), page_of(scene.agent, "history")):
        assert client.get(url).status_code == 403
    assert (
        client.post(page_of(scene.agent), fields_of(scene.agent, roles=["administrator"])).status_code == 403
    )
    assert roles_of(scene.agent) == ["agent"]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR])
def test_others_read_staff_and_change_nothing(client: Client, scene: Scene, role: Role) -> None:
    client.force_login(scene.people()[role])
    assert client.get(LIST).status_code == 200
    assert client.get(page_of(scene.agent)).status_code == 200
    assert client.post(page_of(scene.agent), fields_of(scene.agent, name="x")).status_code == 403
    assert client.get(page_of(scene.agent, "password")).status_code == 403
    for name in DIALOGS:
        assert press(client, scene.agent, name) == 403
    scene.agent.refresh_from_db()
    assert scene.agent.is_active


def test_an_administrator_cannot_touch_a_superuser(client: Client) -> None:
    root = StaffFactory(is_superuser=True, username="root")
    assert client.get(page_of(root)).status_code == 200
    assert client.post(page_of(root), fields_of(root, name="x")).status_code == 403
    data = {"password1": "one more long password", "password2": "one more long password"}
    assert client.post(page_of(root, "password"), data).status_code == 403
    assert press(client, root, "deactivate") == 403
    root.refresh_from_db()
    assert root.is_active


def test_buttons_change_nothing_before_they_are_submitted(client: Client, scene: Scene) -> None:
    for name in DIALOGS:
        url = reverse(f"admin:cases_staff_{name}", args=[scene.agent.pk])
        assert client.get(url).status_code in {200, 403}
    rows = scene.agent.history.count()
    scene.agent.refresh_from_db()
    assert scene.agent.is_active
    assert scene.agent.history.count() == rows


def test_deactivating_on_the_page_ends_sessions_and_lists_what_is_left(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    theirs = Client()
    theirs.force_login(scene.specialist)

    assert press(client, scene.specialist, "deactivate") == 200

    assert theirs.get("/admin/").status_code == 302
    page = client.get(page_of(scene.specialist)).content.decode()
    assert "Open cases to be reassigned" in page
    assert page.count(case.number) >= 2
    assert press(client, scene.specialist, "deactivate") == 403
    assert press(client, scene.specialist, "reactivate") == 200
    scene.specialist.refresh_from_db()
    assert scene.specialist.is_active


def test_setting_a_password_is_recorded_and_ends_the_old_sessions(client: Client, scene: Scene) -> None:
    theirs = Client()
    theirs.force_login(scene.agent)
    data = {"password1": "one more long password", "password2": "one more long password"}
    assert client.post(page_of(scene.agent, "password"), data).status_code == 302
    assert theirs.get("/admin/").status_code == 302
    assert scene.agent.history.latest().history_change_reason == "password_set"
    own = client.get(page_of(scene.administrator, "password"))
    assert own.url == reverse("admin:password_change")  # type: ignore[attr-defined]


def test_a_weak_password_is_refused(client: Client, scene: Scene) -> None:
    for weak in ("short", scene.agent.email, "123456789012"):
        answer = client.post(page_of(scene.agent, "password"), {"password1": weak, "password2": weak})
        assert answer.status_code == 200


def test_the_history_says_in_words_who_did_what(client: Client, scene: Scene) -> None:
    client.post(page_of(scene.agent), fields_of(scene.agent, name="新名", roles=["agent", "supervisor"]))
    page = client.get(page_of(scene.agent, "history")).content.decode()
    assert "新名" in page
    assert "Roles changed: Agent, Supervisor" in page
    assert str(scene.administrator) in page
    version = scene.agent.history.latest().pk
    assert client.get(page_of(scene.agent, f"history/{version}")).status_code == 404


def test_no_address_asks_about_fields_that_are_no_filters(client: Client) -> None:
    for query in ("password__startswith=md5", "is_superuser__exact=1", "email__contains=a", "groups__id=1"):
        assert client.get(f"{LIST}?{query}").status_code == 400
    for query in ("role=agent", "is_active__exact=1", "q=员工", "o=1.2"):
        assert client.get(f"{LIST}?{query}").status_code == 200


def test_who_has_left_is_not_offered_for_new_work(client: Client, scene: Scene) -> None:
    scene.specialist.is_active = False
    scene.specialist.save()
    query = {"app_label": "cases", "model_name": "customer", "field_name": "dedicated_agent", "term": ""}
    found = client.get("/admin/autocomplete/", query).json()["results"]
    assert str(scene.specialist) not in {row["text"] for row in found}
    assert str(scene.agent) in {row["text"] for row in found}
    client.force_login(scene.agent)
    assert client.get("/admin/autocomplete/", query).status_code == 403


def test_groups_and_devices_have_no_pages(client: Client) -> None:
    client.force_login(StaffFactory(is_superuser=True))
    for path in ("auth/group/", "otp_totp/totpdevice/", "otp_static/staticdevice/", "axes/accessattempt/"):
        assert client.get(f"/admin/{path}").status_code == 404


def test_the_list_costs_the_same_for_one_and_for_many(client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    few = cost()
    for _n in range(10):
        StaffFactory(role=Role.AGENT)
    assert cost() == few
