from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import Case, Customer, CustomerContact, RoutingRule, Topic
from tests.cases.dialogs import sent_by_browser
from tests.factories import CustomerFactory, TopicFactory, make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

URL = "/admin/cases/case/add/"


@pytest.fixture
def scene(client: Client) -> Scene:
    scene = make_scene()
    RoutingRule.objects.create(stage="intake", team=scene.front)
    client.force_login(scene.agent)
    return scene


def filled_in(client: Client, **changed: Any) -> dict[str, Any]:
    given = {"channel": "phone", "type": "complaint", "description": "包裹没有收到", "urgency": "normal"}
    return sent_by_browser(client.get(URL).context["form"], **{**given, **changed})


def test_a_known_customers_request_is_registered_and_routed(client: Client, scene: Scene) -> None:
    customer = CustomerFactory()
    topic = TopicFactory()

    answer = client.post(
        URL,
        filled_in(
            client,
            customer=customer.number,
            topic=topic.pk,
            urgency="urgent",
            amount="99.90",
            expected_at="2030-01-02T18:00",
            details_confirmed="on",
        ),
    )

    case = Case.objects.get()
    assert answer["Location"] == reverse("admin:cases_case_change", args=[case.pk])
    assert (case.customer, case.topic, case.team, case.urgency) == (customer, topic, scene.front, "urgent")
    assert case.details_confirmed_at is not None
    assert str(case.amount) == "99.90"


def test_a_new_customer_gets_the_next_number_and_the_normal_form_of_the_phone(
    client: Client, scene: Scene
) -> None:
    CustomerFactory(number="C99")
    CustomerFactory(number="C1200")

    client.post(URL, filled_in(client, new_name="王*", new_contact_kind="phone", new_contact="138 1234 5678"))

    case = Case.objects.get()
    assert (case.customer.number, case.customer.name) == ("C1201", "王*")
    assert case.contact == CustomerContact.objects.get(value="+8613812345678")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "customer"),
        ({"customer": "C404404"}, "customer"),
        ({"customer": "C1", "new_name": "王*"}, "customer"),
        ({"new_contact": "13812345678"}, "new_name"),
        ({"new_name": "王*", "new_contact": "12"}, "new_contact"),
        ({"new_name": "王*", "new_number": "X7"}, "new_number"),
        ({"new_name": "王*", "description": "  "}, "description"),
        ({"new_name": "王*", "channel": "pigeon"}, "channel"),
        ({"new_name": "王*", "received_at": "2999-01-01T00:00"}, "received_at"),
        ({"new_name": "王*", "amount": "-1"}, "amount"),
        ({"new_name": "王*", "order_number": "9" * 61}, "order_number"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(
    client: Client, scene: Scene, given: dict[str, str], field: str
) -> None:
    customers = Customer.objects.count()

    answer = client.post(URL, filled_in(client, **given))

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert (Case.objects.count(), Customer.objects.count()) == (0, customers)


def test_a_topic_of_another_type_is_refused_without_any_script(client: Client, scene: Scene) -> None:
    other = Topic.objects.filter(type="consultation").first() or TopicFactory(type="consultation")

    answer = client.post(URL, filled_in(client, customer=CustomerFactory().number, topic=other.pk))

    assert list(answer.context["form"].errors) == ["topic"]


def test_without_a_fitting_rule_a_team_must_be_chosen(client: Client, scene: Scene) -> None:
    RoutingRule.objects.all().delete()
    customer = CustomerFactory()

    refused = client.post(URL, filled_in(client, customer=customer.number))
    client.post(URL, filled_in(client, customer=customer.number, team=scene.front.pk))

    assert list(refused.context["form"].errors) == ["team"]
    assert Case.objects.get().team == scene.front


def test_sent_twice_it_is_one_case_and_one_customer(client: Client, scene: Scene) -> None:
    sent = filled_in(client, new_name="赵*", new_contact_kind="phone", new_contact="13912345678")

    answers = [client.post(URL, sent) for _attempt in range(2)]

    assert answers[0]["Location"] == answers[1]["Location"]
    assert (Case.objects.count(), Customer.objects.filter(name="赵*").count()) == (1, 1)


def test_the_same_page_with_other_content_is_another_request(client: Client, scene: Scene) -> None:
    customer = CustomerFactory()
    sent = filled_in(client, customer=customer.number, description="未收到货")
    client.post(URL, sent)
    first = Case.objects.get()

    refused = client.post(URL, sent | {"description": "发票抬头错误", "type": "consultation"})

    assert refused.status_code == 409
    form = refused.context["form"]
    assert first.number in str(form.non_field_errors())
    assert form["description"].value() == "发票抬头错误"
    assert list(Case.objects.all()) == [first]

    client.post(URL, sent_by_browser(form))

    assert set(Case.objects.values_list("description", flat=True)) == {"未收到货", "发票抬头错误"}


def test_an_open_case_of_the_same_type_is_shown_before_another_is_registered(
    client: Client, scene: Scene
) -> None:
    first = scene.case()
    sent = filled_in(client, customer=first.customer.number)

    warned = client.post(URL, sent)
    client.post(URL, sent | {"despite_duplicates": "on"})

    assert warned.status_code == 409
    assert first.number in warned.content.decode()
    assert Case.objects.filter(customer=first.customer).count() == 2


def test_a_foreign_teams_case_is_counted_in_the_warning_and_not_named(client: Client, scene: Scene) -> None:
    foreign = make_case(team=scene.support)

    warned = client.post(URL, filled_in(client, customer=foreign.customer.number))

    assert warned.context["same"]["others"] == 1
    assert foreign.number not in warned.content.decode()


@pytest.mark.parametrize("words", ["C777", "c777", "李*", "13700001111", "+86 137 0000 1111"])
def test_a_customer_is_found_by_number_name_or_whole_phone(client: Client, scene: Scene, words: str) -> None:
    customer = CustomerFactory(number="C777", name="李*")
    customer.contacts.create(kind="phone", value="+8613700001111")

    found = client.get(reverse("admin:cases_case_customers"), {"q": words}).json()["customers"]
    client.post(URL, filled_in(client, customer=words))

    assert [row["number"] for row in found] == ["C777"]
    assert "137" not in str(found)
    assert Case.objects.get().customer == customer


@pytest.mark.parametrize("words", ["", "1370000", "\0", "%", "张" * 500])
def test_parts_of_a_phone_and_rubbish_find_nobody(client: Client, scene: Scene, words: str) -> None:
    CustomerFactory(name="李*").contacts.create(kind="phone", value="+8613700001111")

    assert client.get(reverse("admin:cases_case_customers"), {"q": words}).json() == {"customers": []}


def test_several_customers_of_one_name_are_told_apart_by_number(client: Client, scene: Scene) -> None:
    one, two = CustomerFactory(name="李*"), CustomerFactory(name="李*")

    answer = client.post(URL, filled_in(client, customer="李*"))

    told = str(answer.context["form"].errors["customer"])
    assert one.number in told
    assert two.number in told


def test_the_proposed_team_is_shown_with_and_without_script(client: Client, scene: Scene) -> None:
    by_script = client.get(reverse("admin:cases_case_proposal"), {"type": "complaint", "topic": "\0"}).json()
    by_button = client.post(URL, filled_in(client, preview="1", description=""))

    assert str(scene.front.name) in by_script["proposal"]
    assert by_button.context["proposal"] == by_script["proposal"]
    assert Case.objects.count() == 0


def test_a_request_for_another_team_leads_back_to_the_list(client: Client, scene: Scene) -> None:
    answer = client.post(URL, filled_in(client, customer=CustomerFactory().number, team=scene.support.pk))

    assert answer["Location"] == reverse("admin:cases_case_changelist")
    assert Case.objects.get().team == scene.support


@pytest.mark.parametrize("person", ["specialist", "manager", "auditor"])
def test_only_who_may_register_reaches_the_page(client: Client, scene: Scene, person: str) -> None:
    client.force_login(getattr(scene, person))
    urls = [URL, reverse("admin:cases_case_customers"), reverse("admin:cases_case_proposal")]

    assert [client.get(url).status_code for url in urls] == [403] * 3
    assert client.post(URL).status_code == 403
