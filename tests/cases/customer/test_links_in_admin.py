"""The panel "Customer's link" on the page of a case."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from cases.choices import Language, State
from cases.models import Case, CustomerLink, Staff
from tests.cases.customer.visiting import Visitor, visitor
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def desk_of(staff: Staff) -> Client:
    staff.language = Language.ENGLISH
    staff.save()
    client = Client()
    client.force_login(staff)
    return client


def address(case: Case, name: str = "cases_case_link") -> str:
    return reverse(f"admin:{name}", args=[case.pk])


def page(client: Client, case: Case) -> str:
    return client.get(reverse("admin:cases_case_change", args=[case.pk])).content.decode()


def test_a_link_is_made_by_post_shown_once_and_opens_the_present_round(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    client = desk_of(scene.specialist)
    assert "Make the link" in client.get(address(case)).content.decode()
    assert CustomerLink.objects.count() == 0
    body = client.post(address(case)).content.decode()
    found = re.search(r'value="http://127\.0\.0\.1:8000(/c/[a-z2-7]{32}/)"', body)
    assert found
    assert Visitor(found[1]).get().status_code == 200
    link = CustomerLink.objects.get()
    assert (link.case, link.round_number, link.created_by) == (case, 1, scene.specialist)
    assert found[1] not in page(client, case)
    assert "Valid until" in page(client, case)


def test_revoking_ends_the_links_of_the_case(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    customer = visitor(case)
    client = desk_of(scene.specialist)
    assert "Revoke links" in page(client, case)
    assert customer.get().status_code == 200
    client.get(address(case, "cases_case_link_revoke"))
    assert customer.get().status_code == 200
    response = client.post(address(case, "cases_case_link_revoke"), headers={"X-Dialog": "1"})
    assert (response.status_code, response.headers["X-Dialog"]) == (204, "done")
    assert customer.get().status_code == 404
    assert "Revoked at" in page(client, case)


def test_links_can_be_revoked_before_there_is_one(scene: Scene) -> None:
    """One may be on its way in a message that waits to be sent."""
    case = scene.case(State.CONFIRMATION)
    client = desk_of(scene.specialist)
    assert "Revoke links" in page(client, case)
    client.post(address(case, "cases_case_link_revoke"))
    case.refresh_from_db()
    assert case.links_revoked_at


@pytest.mark.parametrize("name", ["cases_case_link", "cases_case_link_revoke"])
def test_only_those_with_the_right_make_and_revoke_links_of_cases_they_see(scene: Scene, name: str) -> None:
    case = scene.case(State.CONFIRMATION)
    for method in ("get", "post"):
        codes = {
            role: getattr(desk_of(person), method)(address(case, name)).status_code
            for role, person in scene.people().items()
        }
        refused = {role for role, code in codes.items() if code == 403}
        assert refused == {"manager", "auditor", "administrator"}
        foreign = getattr(desk_of(scene.supporter), method)(address(case, name))
        assert foreign.status_code == 404
    assert not CustomerLink.objects.exclude(created_by__in=[scene.agent, scene.specialist, scene.supervisor])


def test_who_may_only_look_sees_the_links_and_no_button(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    visitor(case)
    body = page(desk_of(scene.auditor), case)
    assert "Customer&#x27;s link" in body or "Customer's link" in body
    assert "Make a link" not in body


def test_the_timeline_says_what_the_customer_changed(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    customer = visitor(case)
    customer.say(solved=True, score=3)
    customer.say(solved=True, score=5)
    body = page(desk_of(scene.specialist), case)
    assert "Customer changed their answer" in body
    assert "3 → 5" in body
