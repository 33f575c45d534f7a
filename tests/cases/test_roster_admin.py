from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import Language
from cases.models import Absence, DutyShift, Staff
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

WHO = "/admin/cases/dutyshift/who/"


@pytest.fixture
def there(scene: Scene, client: Client) -> Scene:
    """Another department; the supervisor of ours is logged in."""
    scene.supervisor.language = Language.ENGLISH
    scene.supervisor.save()
    client.force_login(scene.supervisor)
    return make_scene()


def shift(scene: Scene) -> DutyShift:
    return DutyShift.objects.create(
        team=scene.back,
        staff=scene.specialist,
        weekday=0,
        starts=time(9),
        ends=time(18),
        valid_from=date(2026, 1, 1),
    )


def absence(staff: Staff, stand_in: Staff | None = None) -> Absence:
    now = timezone.now()
    return Absence.objects.create(
        staff=staff, stand_in=stand_in, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )


def answers(scene: Scene, **changed: object) -> dict[str, Any]:
    return {
        "team": scene.back.pk,
        "channel": "",
        "staff": scene.specialist.pk,
        "weekday": 1,
        "starts": "22:00",
        "ends": "06:00",
        "valid_from": "2026-01-01",
        "valid_until": "",
        **changed,
    }


def away(scene: Scene, **changed: object) -> dict[str, Any]:
    return {
        "staff": scene.specialist.pk,
        "starts_at_0": "2026-09-14",
        "starts_at_1": "09:00",
        "ends_at_0": "2026-09-18",
        "ends_at_1": "18:00",
        "stand_in": "",
        "reason": "年假",
        **changed,
    }


def test_a_supervisor_keeps_the_roster_of_the_own_department(
    client: Client, scene: Scene, there: Scene
) -> None:
    assert client.post("/admin/cases/dutyshift/add/", answers(scene)).status_code == 302
    ours = DutyShift.objects.get()
    assert (ours.team, ours.starts) == (scene.back, time(22))
    url = reverse("admin:cases_dutyshift_change", args=[ours.pk])
    assert client.post(url, answers(scene, valid_until="2026-12-31")).status_code == 302
    ours.refresh_from_db()
    assert ours.valid_until == date(2026, 12, 31)


def test_teams_and_people_of_others_are_refused(client: Client, scene: Scene, there: Scene) -> None:
    for changed in ({"team": there.back.pk}, {"staff": there.specialist.pk}):
        page = client.post("/admin/cases/dutyshift/add/", answers(scene, **changed))
        assert page.status_code == 200
        assert page.context["adminform"].form.errors.keys() == changed.keys()
    for changed in ({"staff": there.specialist.pk}, {"stand_in": there.specialist.pk}):
        page = client.post("/admin/cases/absence/add/", away(scene, **changed))
        assert page.context["adminform"].form.errors.keys() == changed.keys()
    assert not DutyShift.objects.exists()
    assert not Absence.objects.exists()


@pytest.mark.parametrize("model", ["dutyshift", "absence"])
def test_rows_of_others_are_not_there(client: Client, scene: Scene, there: Scene, model: str) -> None:
    foreign = shift(there) if model == "dutyshift" else absence(there.specialist)
    ours = shift(scene) if model == "dutyshift" else absence(scene.specialist)
    listed = client.get(f"/admin/cases/{model}/").context["cl"].result_list
    assert list(listed) == [ours]
    for page in ("change", "history"):
        own, other = (reverse(f"admin:cases_{model}_{page}", args=[row.pk]) for row in (ours, foreign))
        assert client.get(own).status_code == 200
        assert client.get(other).status_code in {302, 404}
    assert client.post(f"/admin/cases/{model}/{foreign.pk}/change/", answers(scene)).status_code in {302, 404}
    client.force_login(scene.manager)
    assert set(client.get(f"/admin/cases/{model}/").context["cl"].result_list) == {ours, foreign}


def test_an_absence_ends_after_it_begins_and_needs_another_stand_in(
    client: Client, scene: Scene, there: Scene
) -> None:
    add = "/admin/cases/absence/add/"
    assert client.post(add, away(scene, ends_at_0="2026-09-13")).status_code == 200
    assert client.post(add, away(scene, stand_in=scene.specialist.pk)).status_code == 200
    assert client.post(add, away(scene, stand_in=scene.agent.pk)).status_code == 302
    assert Absence.objects.get().stand_in == scene.agent


def test_absences_are_filtered_by_when(client: Client, scene: Scene, there: Scene) -> None:
    now = absence(scene.specialist)
    later = absence(scene.agent)
    later.starts_at, later.ends_at = (
        moment + timedelta(days=9) for moment in (later.starts_at, later.ends_at)
    )
    later.save()
    found = {
        when: list(client.get("/admin/cases/absence/", {"when": when}).context["cl"].result_list)
        for when in ("now", "later", "over")
    }
    assert found == {"now": [now], "later": [later], "over": []}


def test_the_roster_is_filtered_by_own_teams_alone(client: Client, scene: Scene, there: Scene) -> None:
    ours = shift(scene)
    shift(there)
    for team in (scene.back, there.back):
        listed = client.get("/admin/cases/dutyshift/", {"team": team.pk}).context["cl"].result_list
        assert list(listed) == [ours]


def test_who_is_on_duty_is_told_for_any_moment(client: Client, scene: Scene, there: Scene) -> None:
    shift(scene)
    asked: dict[str, Any] = {"team": scene.back.pk, "channel": "phone", "at_0": "2026-09-14", "at_1": "10:00"}
    page = client.get(WHO, asked)
    assert page.context["people"] == [scene.specialist]
    assert client.get(WHO, asked | {"at_1": "19:00"}).context["people"] == []
    assert "roster names nobody" in client.get(WHO, asked | {"at_1": "19:00"}).content.decode()
    refused = client.get(WHO, asked | {"team": there.back.pk})
    assert not refused.context["asked"]


def test_who_is_away_now_is_told_with_the_stand_in(client: Client, scene: Scene, there: Scene) -> None:
    absence(scene.specialist, scene.supervisor)
    page = client.get(f"{WHO}?team={scene.back.pk}&channel=phone")
    assert page.context["away"] == [(scene.specialist, scene.supervisor)]
    assert f"{scene.specialist}, {scene.supervisor} stands in" in page.content.decode()


def test_agents_and_specialists_have_no_roster_pages(client: Client, scene: Scene) -> None:
    row, gone = shift(scene), absence(scene.agent)
    for person in (scene.agent, scene.specialist):
        client.force_login(person)
        for url in (
            "dutyshift/",
            f"dutyshift/{row.pk}/change/",
            "dutyshift/who/",
            f"absence/{gone.pk}/history/",
        ):
            assert client.get(f"/admin/cases/{url}").status_code == 403, url


def test_an_auditor_reads_rosters_and_changes_none(client: Client, scene: Scene) -> None:
    row = shift(scene)
    client.force_login(scene.auditor)
    url = reverse("admin:cases_dutyshift_change", args=[row.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, answers(scene)).status_code == 403
    assert client.get("/admin/cases/dutyshift/add/").status_code == 403
