"""My desk: the first page of the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cases.choices import State
from tests.scenes import Scene, make_scene


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def test_the_desk_shows_my_cases(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.specialist)
    assert case.number in client.get(reverse("admin:index")).content.decode()
