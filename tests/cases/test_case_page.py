from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.choices import Channel, Role, State
from cases.models import Case, CaseEvent, Staff
from cases.services import transition_case
from tests.factories import make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

MOST_QUERIES = 15  # paper on speed: case page, whatever its history


def page_url(case: Case) -> str:
    return reverse("admin:cases_case_change", args=[case.pk])


def open_page(client: Client, staff: Staff, case: Case) -> str:
    client.force_login(staff)
    response = client.get(page_url(case))
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def add_notes(case: Case, actor: Staff, count: int) -> None:
    for number in range(count):
        transition_case(case.pk, "add_note", actor=actor, note=f"第{number}条备注")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_opens_in_every_state_and_language(
    client: Client, scene: Scene, state: State, language: str
) -> None:
    case = scene.case(state)
    Staff.objects.filter(pk=scene.supervisor.pk).update(language=language)

    assert case.number in open_page(client, scene.supervisor, case)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_that_sees_the_case_can_open_it(client: Client, scene: Scene, role: Role) -> None:
    case = scene.case(State.HANDLING)
    staff = scene.people()[role]
    if role == Role.AGENT:
        staff.teams.add(scene.back)

    assert case.number in open_page(client, staff, case)


@pytest.mark.parametrize("events", [1, 10, 100])
@pytest.mark.parametrize("role", ["specialist", "supervisor", "manager"])
def test_the_page_costs_the_same_whatever_its_history(
    client: Client, scene: Scene, events: int, role: str
) -> None:
    case = scene.case(State.HANDLING)
    transition_case(
        case.pk, "reassign", actor=scene.supervisor, handler=scene.supervisor, team=None, note="换人处理"
    )
    add_notes(case, scene.specialist, events)
    staff = getattr(scene, role)
    open_page(client, staff, case)

    with CaptureQueriesContext(connection) as queries:
        client.get(page_url(case))

    assert len(queries) <= MOST_QUERIES, "\n".join(query["sql"][:150] for query in queries)


def test_a_foreign_case_is_not_found_at_any_of_its_addresses(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.supporter)
    change, history = page_url(case), reverse("admin:cases_case_history", args=[case.pk])
    dialog = reverse("admin:cases_case_transition", args=[case.pk, "accept"])
    presence = reverse("admin:cases_case_presence", args=[case.pk])

    answers = [
        client.get(change),
        client.get(history),
        client.get(dialog),
        client.post(dialog),
        client.post(presence),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert CaseEvent.objects.filter(case=case).count() == case.version


@pytest.mark.parametrize("pk", ["0", "abc", "1%00", "99999999999999999999999", "-1", "１"])
def test_an_address_that_names_no_case_is_not_found(client: Client, scene: Scene, pk: str) -> None:
    client.force_login(scene.manager)

    assert client.get(f"/admin/cases/case/{pk}/change/").status_code == 404


def test_nothing_can_be_posted_to_the_page_itself(client: Client, scene: Scene) -> None:
    case = scene.case()
    client.force_login(scene.agent)

    assert client.post(page_url(case), {"description": "changed"}).status_code == 405
    assert client.post(reverse("admin:cases_case_delete", args=[case.pk])).status_code == 403


def test_the_history_address_leads_to_the_timeline(client: Client, scene: Scene) -> None:
    case = scene.case()
    client.force_login(scene.agent)

    answer = client.get(reverse("admin:cases_case_history", args=[case.pk]))

    assert answer.status_code == 302
    assert answer["Location"] == f"{page_url(case)}#timeline"


def test_the_likely_next_step_comes_first_and_unmet_ones_say_why(client: Client, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)

    offers = client.get(page_url(case)).context["moves"]

    assert offers[0].name == "dispatch"
    unmet = {offer.name: str(offer.reason) for offer in offers if offer.reason}
    assert "answer_directly" in unmet
    assert unmet["answer_directly"] in open_page(client, scene.agent, case).replace("&#x27;", "'")


def test_contact_data_is_masked_on_the_page(client: Client, scene: Scene) -> None:
    case = scene.case()
    case.customer.contacts.create(kind="phone", value="+8613812345678")

    page = open_page(client, scene.agent, case)

    assert "138****5678" in page
    assert "13812345678" not in page


def test_earlier_cases_are_linked_as_far_as_they_may_be_seen(client: Client, scene: Scene) -> None:
    case = scene.case()
    own = scene.case(customer=case.customer)
    foreign = make_case(team=scene.support, customer=case.customer)
    client.force_login(scene.agent)

    context = client.get(page_url(case)).context

    assert [other.number for other in context["earlier"].shown] == [own.number]
    assert context["earlier"].others == 1
    assert foreign.number not in client.get(page_url(case)).content.decode()


def test_time_spent_in_each_state_is_summed_over_rounds(client: Client, scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(
        case.pk, "dispute", actor=scene.specialist, score=1, channel=Channel.PHONE, note="客户说没有收到"
    )
    client.force_login(scene.supervisor)

    path = client.get(page_url(case)).context["path"]

    assert [step.visits for step in path] == [1, 1, 2, 1, 0]
    assert [step.standing for step in path] == ["past", "past", "present", "past", "ahead"]
    assert not path[-1].spent
