from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.choices import Language
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import ContactAccess, Customer, CustomerContact
from cases.services.privacy import reveal_contact
from tests.factories import ContactFactory, CustomerFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

LIST = "/admin/cases/customer/"
PHONE, EMAIL = "+8613812345678", "li.si@example.com"


@pytest.fixture
def client(client: Client, scene: Scene) -> Client:
    scene.agent.language = Language.ENGLISH
    scene.agent.save()
    client.force_login(scene.agent)
    return client


@pytest.fixture
def customer() -> Customer:
    customer = CustomerFactory(number="C77001", name="李*")
    ContactFactory(customer=customer, value=PHONE, preferred=True)
    ContactFactory(customer=customer, kind="email", value=EMAIL)
    return customer


def page_of(customer: Customer, part: str = "change") -> str:
    return f"{LIST}{customer.pk}/{part}/"


def leaks(text: str) -> bool:
    return any(part in text for part in ("13812345678", "2345678", "li.si", "1381234"))


def fields_of(customer: Customer, contacts: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    kept = sum(bool(row.get("id")) for row in contacts)
    data: dict[str, Any] = {
        "number": customer.number,
        "name": customer.name,
        "vip_level": 0,
        "language": "zh-hans",
        "active": "on",
        "contacts-TOTAL_FORMS": len(contacts),
        "contacts-INITIAL_FORMS": kept,
        **changed,
    }
    for position, row in enumerate(contacts):
        data |= {f"contacts-{position}-{name}": value for name, value in row.items()}
    return data


def test_revealing_is_recorded_with_its_reason(scene: Scene, customer: Customer) -> None:
    shown = reveal_contact(customer, staff=scene.agent, reason=" 客户要求回电 ")
    assert [contact.value for contact in shown] == [PHONE, EMAIL]
    access = ContactAccess.objects.get()
    assert (access.staff, access.customer, access.reason) == (scene.agent, customer, "客户要求回电")


def test_without_right_or_reason_nothing_is_shown(scene: Scene, customer: Customer) -> None:
    for person in (scene.auditor, scene.supervisor):
        if not person.has_perm("cases.reveal_contact"):
            with pytest.raises(NotPermitted):
                reveal_contact(customer, staff=person, reason="客户要求回电")
    with pytest.raises(InvalidInput):
        reveal_contact(customer, staff=scene.agent, reason="  a ")
    assert not ContactAccess.objects.exists()


@pytest.mark.parametrize("role", ["agent", "specialist", "supervisor", "manager", "auditor", "administrator"])
def test_no_page_shows_contact_data_by_itself(
    client: Client, scene: Scene, customer: Customer, role: str
) -> None:
    client.force_login(getattr(scene, role))
    search = {"app_label": "cases", "model_name": "case", "field_name": "customer", "term": PHONE}
    for url in (LIST, f"{LIST}?q={customer.number}", page_of(customer), page_of(customer, "history")):
        answer = client.get(url)
        assert answer.status_code == 200
        assert not leaks(answer.content.decode())
    assert not leaks(client.get("/admin/autocomplete/", search).content.decode().replace(PHONE, ""))


def test_the_page_shows_masks_and_the_dialog_shows_the_values_once(
    client: Client, customer: Customer
) -> None:
    assert "138****5678" in client.get(page_of(customer)).content.decode()
    url = reverse("admin:cases_customer_show_contacts", args=[customer.pk])
    assert not leaks(client.get(url).content.decode())
    assert not leaks(client.post(url, {"_form_submitted": "True", "reason": ""}).content.decode())
    assert not ContactAccess.objects.exists()

    shown = client.post(url, {"_form_submitted": "True", "reason": "客户要求回电"})

    assert PHONE in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    assert ContactAccess.objects.count() == 1
    assert not leaks(client.get(page_of(customer)).content.decode())


def test_the_dialog_is_closed_to_those_without_the_right(
    client: Client, scene: Scene, customer: Customer
) -> None:
    client.force_login(scene.auditor)
    url = reverse("admin:cases_customer_show_contacts", args=[customer.pk])
    assert client.post(url, {"_form_submitted": "True", "reason": "客户要求回电"}).status_code == 403
    assert "show_contacts" not in client.get(page_of(customer)).content.decode()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("C77001", True),
        ("c77001", True),
        ("李", True),
        ("138 1234 5678", True),
        ("+86 138-1234-5678", True),
        ("LI.SI@example.com", True),
        ("C7700", False),
        ("138123456", False),
        ("12345678", False),
        ("li.si@", False),
        ("example.com", False),
        ("*", False),
    ],
)
def test_a_customer_is_found_by_whole_numbers_and_contacts_or_the_beginning_of_the_name(
    client: Client, customer: Customer, words: str, found: bool
) -> None:
    CustomerFactory.create_batch(2)
    answer = client.get(LIST, {"q": words})
    assert [row.pk for row in answer.context["cl"].result_list] == ([customer.pk] if found else [])


def test_no_address_asks_about_contacts(client: Client, customer: Customer) -> None:
    for name in (
        "contacts__value__startswith",
        "contacts__value",
        "name__startswith",
        "notes__contains",
        "pk__gt",
    ):
        assert client.get(LIST, {name: "1"}).status_code == 400
    ContactFactory.create_batch(3)
    up, down = (client.get(LIST, {"o": order}).context["cl"].result_list for order in ("5", "-5"))
    assert list(up) == list(down)


def test_a_contact_is_added_in_its_normal_form(client: Client, customer: Customer) -> None:
    answer = client.post(
        page_of(customer), fields_of(customer, [{"kind": "phone", "entry": "０21-6234 5678", "id": ""}])
    )
    assert answer.status_code == 302
    assert customer.contacts.filter(value="+862162345678").exists()


@pytest.mark.parametrize(
    ("kind", "entry", "says"),
    [
        ("phone", "12", "This is no phone number"),
        ("email", "nobody", "This is no e-mail address"),
        ("phone", "138-1234-5678", "has this contact already"),
        ("phone", "", "Enter the contact"),
    ],
)
def test_a_wrong_contact_is_refused_beside_its_field(
    client: Client, customer: Customer, kind: str, entry: str, says: str
) -> None:
    answer = client.post(
        page_of(customer), fields_of(customer, [{"kind": kind, "entry": entry, "preferred": "on"}])
    )
    assert says in str(answer.context["inline_admin_formsets"][0].formset.errors)
    assert customer.contacts.count() == 2


def test_a_contact_is_replaced_and_the_preferred_one_changed_without_showing_any(
    client: Client, customer: Customer
) -> None:
    phone, email = customer.contacts.order_by("-preferred")
    rows = [
        {"id": phone.pk, "kind": "phone", "entry": "13912345678"},
        {"id": email.pk, "kind": "email", "entry": "", "preferred": "on"},
    ]
    assert client.post(page_of(customer), fields_of(customer, rows)).status_code == 302
    phone.refresh_from_db()
    email.refresh_from_db()
    assert (phone.value, phone.preferred) == ("+8613912345678", False)
    assert (email.value, email.preferred) == (EMAIL, True)


def test_two_preferred_contacts_are_refused(client: Client, customer: Customer) -> None:
    phone, email = customer.contacts.order_by("-preferred")
    rows = [{"id": row.pk, "kind": row.kind, "entry": "", "preferred": "on"} for row in (phone, email)]
    assert "preferred one" in client.post(page_of(customer), fields_of(customer, rows)).content.decode()


def test_a_forged_row_reaches_no_contact_of_another_customer(client: Client, customer: Customer) -> None:
    foreign = ContactFactory()
    rows = [{"id": foreign.pk, "kind": "phone", "entry": "13912345678", "customer": customer.pk}]
    client.post(page_of(customer), fields_of(customer, rows))
    after = CustomerContact.objects.get(pk=foreign.pk)
    assert (after.value, after.customer_id) == (foreign.value, foreign.customer_id)


def test_specialists_read_customers_and_write_none(client: Client, scene: Scene, customer: Customer) -> None:
    client.force_login(scene.specialist)
    assert client.get(page_of(customer)).status_code == 200
    rows = [{"kind": "phone", "entry": "13912345678"}]
    assert client.post(page_of(customer), fields_of(customer, rows, name="x")).status_code == 403
    assert client.get(page_of(customer, "delete")).status_code == 403
    assert customer.contacts.count() == 2


def test_a_customer_is_added_with_a_number_of_the_right_form_that_then_stays(client: Client) -> None:
    empty = Customer(number="X1", name="王*")
    assert "C1001" in client.post(f"{LIST}add/", fields_of(empty, [])).content.decode()
    empty.number = "c88001"
    assert client.post(f"{LIST}add/", fields_of(empty, [])).status_code == 302
    added = Customer.objects.get(number="C88001")
    client.post(page_of(added), fields_of(added, [], number="C88002"))
    added.refresh_from_db()
    assert added.number == "C88001"


def test_the_list_costs_the_same_for_one_and_for_many(
    client: Client, customer: Customer, scene: Scene
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(LIST)
        return len(captured)

    few = cost()
    for _n in range(10):
        scene.case(customer=ContactFactory().customer)
    assert cost() == few
