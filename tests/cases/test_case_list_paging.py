"""Pages of the list: every row exactly once, whatever shares its moment, and back again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cases.admin.paging import DEADLINE, NEWEST, Cursor, Order, Page, count_up_to, read_page
from cases.models import Case
from tests.cases.listing import open_list
from tests.factories import make_case
from tests.scenes import make_scene

SIZE = 3


@pytest.fixture
def cases(db: None) -> list[Case]:
    """Eleven cases: some share their moment, some have no deadline."""
    team = make_scene().front
    made = [make_case(team=team) for _each in range(11)]
    now = timezone.now()
    for i, case in enumerate(made):
        received = now - timedelta(hours=i // 3)
        due = None if i % 4 == 0 else now + timedelta(hours=i // 4)
        Case.objects.filter(pk=case.pk).update(received_at=received, due_at=due)
    return made


def walk(cases: QuerySet[Case], order: Order) -> list[Page]:
    pages = [read_page(cases, order, size=SIZE, after=None, before=None)]
    while pages[-1].older:
        pages.append(read_page(cases, order, size=SIZE, after=pages[-1].older, before=None))
    return pages


@pytest.mark.parametrize("order", [NEWEST, DEADLINE])
def test_a_walk_meets_every_row_once_in_order(cases: list[Case], order: Order) -> None:
    expected = list(Case.objects.order_by(*order.columns()))
    pages = walk(Case.objects.all(), order)
    assert [case for page in pages for case in page.rows] == expected
    assert len(pages) == 4


@pytest.mark.parametrize("order", [NEWEST, DEADLINE])
def test_the_way_back_shows_the_same_pages(cases: list[Case], order: Order) -> None:
    pages = walk(Case.objects.all(), order)
    for here, there in zip(pages[1:], pages, strict=False):
        back = read_page(Case.objects.all(), order, size=SIZE, after=None, before=here.newer)
        assert back.rows == there.rows


def test_in_front_of_the_first_page_is_the_first_page(cases: list[Case]) -> None:
    first = read_page(Case.objects.all(), NEWEST, size=SIZE, after=None, before=None)
    before_it = Cursor.of(first.rows[1], NEWEST)
    again = read_page(Case.objects.all(), NEWEST, size=SIZE, after=None, before=before_it)
    assert again.rows == first.rows
    assert again.newer is None


def test_links_keep_filters_and_searches_start_at_the_top(
    client: Client, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.admin.case_list.ROWS", SIZE)
    manager = make_scene().manager
    first = open_list(client, manager, state="intake")
    link = first.page_links()["older"]
    assert "state=intake" in link
    query: dict[str, Any] = dict(part.split("=") for part in link.removeprefix("?").split("&"))
    second = open_list(client, manager, **query)
    assert not set(second.result_list) & set(first.result_list)
    assert second.page_links()["newest"] == "?state=intake"
    assert all("after" not in tab["link"] for tab in second.tabs())
    assert "after" not in second.filter_params


def test_deep_pages_ask_the_same_number_of_queries(cases: list[Case], django_assert_num_queries: Any) -> None:
    for page in walk(Case.objects.all(), NEWEST)[:-1]:
        with django_assert_num_queries(1):
            read_page(Case.objects.all(), NEWEST, size=SIZE, after=page.older, before=None)


def test_counting_looks_at_no_more_than_asked(cases: list[Case]) -> None:
    assert count_up_to(Case.objects.all(), NEWEST, 5) == 6
    assert count_up_to(Case.objects.all(), DEADLINE, 50) == 11


@given(
    st.none() | st.integers(0, 10**16 - 1),
    st.integers(0, 10**18 - 1),
)
def test_a_cursor_reads_what_it_wrote(microseconds: int | None, pk: int) -> None:
    text = f"{'never' if microseconds is None else microseconds}.{pk}"
    cursor = Cursor.read(text)
    assert cursor is not None
    assert str(cursor) == text


@given(st.text())
def test_other_texts_are_no_cursor(text: str) -> None:
    cursor = Cursor.read(text)
    assert cursor is None or str(cursor).lstrip("0") == text.lstrip("0")
