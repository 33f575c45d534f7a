"""Case numbers: pattern, local day, growth, and numbers that came from elsewhere."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from cases.exceptions import InvalidInput
from cases.models import Case, NumberDay
from cases.services.numbers import format_number, next_number, reserve_numbers, split_number
from tests.factories import make_case

pytestmark = pytest.mark.django_db
DAY = date(2024, 10, 1)


def given_out(day: date, count: int) -> list[str]:
    return [next_number(day) for _number in range(count)]


def test_a_day_counts_from_one_without_a_hole() -> None:
    assert given_out(DAY, 3) == ["CS20241001001", "CS20241001002", "CS20241001003"]


def test_each_day_counts_for_itself_even_when_they_overlap() -> None:
    given_out(DAY, 2)
    assert next_number(date(2024, 10, 2)).startswith("CS20241002001")
    last = next_number(DAY)
    assert last > "CS20241001002"
    assert split_number(last)[0] == "20241001"


def test_the_thousandth_case_of_a_day_gets_four_digits() -> None:
    reserve_numbers(["CS20241001998"])
    assert given_out(DAY, 3) == ["CS20241001999", "CS202410011000", "CS202410011001"]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2024-10-01T15:59:59+00:00", "20241001"),
        ("2024-10-01T16:00:00+00:00", "20241002"),  # midnight in Shanghai
        ("2024-09-30T16:00:00+00:00", "20241001"),
        ("2024-12-31T23:30:00+08:00", "20241231"),
    ],
)
def test_the_day_is_the_local_one(moment: str, day: str) -> None:
    with time_machine.travel(datetime.fromisoformat(moment), tick=False):
        assert make_case().number == f"CS{day}001"


def test_a_refused_registration_takes_nobodys_number() -> None:
    with pytest.raises(InvalidInput):
        make_case(description=" ")
    first, second = make_case(), make_case()
    assert split_number(second.number)[1] > split_number(first.number)[1]


def test_numbers_given_elsewhere_are_never_given_again() -> None:
    reserve_numbers(["CS20241001005", "CS20241001002", "CS20241002001"])
    assert next_number(DAY) == "CS20241001006"
    assert next_number(date(2024, 10, 2)) > "CS20241002001"
    reserve_numbers(["CS20241001003"])  # behind what was given: nothing moves
    assert next_number(DAY) > "CS20241001006"
    reserve_numbers(["CS20241001100"])
    assert next_number(DAY) > "CS20241001100"


def test_reserving_nothing_or_the_same_again_changes_nothing() -> None:
    reserve_numbers([])
    assert NumberDay.objects.count() == 0
    reserve_numbers(["CS20241001005"])
    reserve_numbers(["CS20241001005"])
    assert next_number(DAY) == "CS20241001006"


def test_a_rolled_back_reservation_blocks_no_day() -> None:
    with transaction.atomic():
        reserve_numbers(["CS20241001005"])
        transaction.set_rollback(True)
    assert next_number(DAY) == "CS20241001001"


def test_a_counter_far_out_of_reach_is_refused_before_it_is_drawn() -> None:
    next_number(DAY)
    with pytest.raises(InvalidInput, match="CS2024100199999999") as caught:
        reserve_numbers(["CS20241001002", "CS2024100199999999"])
    assert caught.value.field == "number"
    assert next_number(DAY) == "CS20241001002"


@pytest.mark.parametrize("number", ["CS20241301001", "CS20240230001", "CS00000000001"])
def test_a_day_that_does_not_exist_is_refused(number: str) -> None:
    with pytest.raises(InvalidInput, match=number):
        reserve_numbers([number])


@given(day=st.dates(date(1900, 1, 1)), counter=st.integers(1, 999_999))
def test_a_number_says_its_day_and_counter(day: date, counter: int) -> None:
    number = format_number(day, counter)
    assert split_number(number) == (f"{day:%Y%m%d}", counter)
    assert len(number) >= len("CS20241001001")


def test_the_counter_is_a_sequence_where_there_are_sequences() -> None:
    given_out(DAY, 2)
    row = NumberDay.objects.get(day=DAY)
    assert row.last == (0 if connection.vendor == "postgresql" else 2)


def test_a_number_somebody_else_took_at_this_moment_costs_a_second_attempt() -> None:
    taken = make_case()
    day, counter = split_number(taken.number)
    for ahead in (3, 2, 1):  # cases of today that nobody told the counter of
        Case.objects.filter(pk=make_case().pk).update(number=f"CS{day}{counter + 9 + ahead:03d}")
    for _number in range(10):
        assert split_number(make_case().number)[1] > counter
    assert Case.objects.values("number").distinct().count() == 14


def test_every_case_has_its_number() -> None:
    numbers = {make_case().number for _number in range(5)}
    assert set(Case.objects.values_list("number", flat=True)) == numbers
