"""How the tests look at the list of cases: as a person with a browser."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from cases.models import Case, Staff

LIST = "admin:cases_case_changelist"


def open_list(client: Client, staff: Staff, **query: Any) -> Any:
    """The change list this person is shown for these parameters of the address."""
    client.force_login(staff)
    response: Any = client.get(reverse(LIST), query)
    assert response.status_code == 200, response.status_code
    return response.context_data["cl"]


def listed(client: Client, staff: Staff, **query: Any) -> list[Case]:
    rows: list[Case] = open_list(client, staff, **query).result_list
    return rows
