from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import State
from cases.models import CaseView
from cases.services import transition_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def test_a_page_learns_who_else_has_the_case_open_and_whether_it_moved_on(
    client: Client, scene: Scene
) -> None:
    case = scene.case(State.HANDLING)
    url = reverse("admin:cases_case_presence", args=[case.pk])
    client.force_login(scene.supervisor)
    alone = client.post(url).json()
    transition_case(case.pk, "add_note", actor=scene.supervisor, note="跟进中")
    client.force_login(scene.specialist)

    told = client.post(url).json()

    assert alone["others"] == ""
    assert str(scene.supervisor) in told["others"]
    assert str(scene.specialist) not in told["others"]
    assert told["version"] == alone["version"] + 1


def test_one_row_is_kept_per_person_and_an_old_one_means_nothing(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    url = reverse("admin:cases_case_presence", args=[case.pk])
    client.force_login(scene.supervisor)
    client.post(url)
    client.post(url)
    CaseView.objects.update(seen_at=timezone.now() - timedelta(seconds=91))
    client.force_login(scene.specialist)

    assert client.post(url).json()["others"] == ""
    assert CaseView.objects.filter(staff=scene.supervisor).count() == 1


def test_looking_is_said_by_post_alone(client: Client, scene: Scene) -> None:
    case = scene.case()
    client.force_login(scene.agent)

    assert client.get(reverse("admin:cases_case_presence", args=[case.pk])).status_code == 405
    assert not CaseView.objects.exists()
