"""The list of cases: what it shows, its tabs, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.choices import State
from cases.models import Case, Staff
from tests.factories import make_case
from tests.scenes import Scene, make_scene

LIST = "admin:cases_case_changelist"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def numbers(client: Client, staff: Staff, **query: str) -> list[str]:
    """Numbers of the rows this person is shown."""
    client.force_login(staff)
    response = client.get(reverse(LIST), query)
    assert response.status_code == 200, response.status_code
    found: Any = response.context_data  # type: ignore[attr-defined]
    return [case.number for case in found["cl"].result_list]


def test_a_row_says_what_matters(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.specialist)
    page = client.get(reverse(LIST)).content.decode()
    assert case.number in page
    assert "bh-due-on_time" in page
