"""Finding cases: by number, contact, customer, order and words, the same on both databases."""

from __future__ import annotations

import pytest
from django.test import Client

from cases.models import Case, Staff
from tests.cases.listing import listed
from tests.factories import ContactFactory, CustomerFactory, TeamFactory, make_case
from tests.scenes import Scene


@pytest.fixture
def wanted(scene: Scene) -> Case:
    """The case every search below looks for, beside others that must not be found."""
    customer = CustomerFactory(number="C70001", name="欧阳*")
    ContactFactory(customer=customer, value="+8613812345678")
    ContactFactory(customer=customer, kind="email", value="buyer@example.com")
    found = scene.case(
        customer=customer,
        description="充电宝发热，要求退换货",
        order_number="DD-2024-7788",
        product="Powerbank X9",
    )
    scene.case(customer=CustomerFactory(number="C700012"), description="咨询会员积分")
    scene.case(description="物流三天没有更新")
    return found


@pytest.mark.parametrize(
    "words",
    [
        "13812345678",
        "+86 138-1234-5678",
        "buyer@example.com",
        "BUYER@Example.com",
        "C70001",
        "c70001",
        "DD-2024-7788",
        "欧阳",
        "发热",
        "要求退换货",
        "powerbank",
        "Power",
        "充电宝 x9",
        "Ｐｏｗｅｒｂａｎｋ",
        "  发热  ",
    ],
)
def test_each_kind_of_words_finds_its_case(client: Client, scene: Scene, wanted: Case, words: str) -> None:
    assert listed(client, scene.agent, q=words) == [wanted]


@pytest.mark.parametrize("words", ["1381234567", "buyer@example", "热发", "buyer@example.co", "%", "_"])
def test_parts_of_contacts_and_other_words_find_nothing(
    client: Client, scene: Scene, wanted: Case, words: str
) -> None:
    assert listed(client, scene.agent, q=words) == []


def test_a_number_finds_exactly_its_case_and_its_beginning_finds_the_day(
    client: Client, scene: Scene, wanted: Case
) -> None:
    number = wanted.number
    for words in (number, number.lower(), number.removeprefix("CS")):
        assert listed(client, scene.agent, q=words) == [wanted]
    assert len(listed(client, scene.agent, q=number[:10])) == 3


def test_what_is_found_comes_newest_first(client: Client, scene: Scene) -> None:
    cases = [scene.case(description="空气净化器噪音大") for _each in range(3)]
    assert listed(client, scene.agent, q="净化") == cases[::-1]


def test_tabs_and_filters_narrow_what_is_found(client: Client, scene: Scene, wanted: Case) -> None:
    assert listed(client, scene.agent, q="发热", tab="unclaimed") == [wanted]
    assert listed(client, scene.agent, q="发热", state="archive") == []


def test_nobody_finds_a_foreign_case(client: Client, scene: Scene) -> None:
    customer = CustomerFactory(number="C80001")
    ContactFactory(customer=customer, value="+8613900000000")
    foreign = make_case(team=TeamFactory(), customer=customer, description="秘密事项", order_number="Q-1")
    people: list[Staff] = [scene.agent, scene.specialist, scene.supervisor, scene.supporter]
    for words in (foreign.number, "13900000000", "C80001", "秘密", "Q-1"):
        assert listed(client, scene.manager, q=words) == [foreign]
        for person in people:
            assert listed(client, person, q=words) == []
