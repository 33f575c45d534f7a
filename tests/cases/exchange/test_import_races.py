"""An import and somebody else at the same moment, in real threads: nobody waits long or meets an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from cases.exceptions import CaseError
from cases.exchange.rows import read_rows
from cases.models import Case, Customer, Topic
from cases.record_sheet import Cells
from cases.services.history import ImportResult, restore_cases
from cases.services.numbers import split_number
from cases.services.reference import ensure_roles, ensure_topics
from tests.cases.exchange.sheets import LATE_PARCEL, QUESTION, TWO_ROWS, ZONE, changed, csv_file, sheet_of
from tests.factories import TeamFactory, make_case
from tests.invariants import violations

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
LONG = 60  # seconds; more than any of this takes on a busy machine
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture(autouse=True)
def ground(transactional_db: None) -> None:
    """Committed rows; an earlier test of this kind has emptied the tables, roles and topics too."""
    ensure_roles()
    ensure_topics(Topic)
    for row in TWO_ROWS:
        Customer.objects.create(number=row[1])


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


def elsewhere(pool: ThreadPoolExecutor, job: Callable[[], Any], *, patience: int = LONG) -> Future[Any]:
    """Start the job on a connection of its own, which waits at most ``patience`` seconds for a lock."""

    def run() -> Any:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{patience}s"])
                cursor.execute("SET statement_timeout = 0")
            return job()
        finally:
            connection.close()

    return pool.submit(run)


def wait_until_it_waits(future: Future[Any]) -> None:
    """Until the job elsewhere waits for a lock of ours."""
    for _attempt in range(LONG * 20):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone() != (0,):
                return
        if wait([future], timeout=0.05).done:
            future.result()
    raise AssertionError("the job never waited")


def restore(*rows: Cells) -> ImportResult:
    understood = read_rows(sheet_of(csv_file(rows)).rows, zone=ZONE, at=timezone.now())
    return restore_cases(understood, actor=None, file_name="sheet.csv", sha256="0" * 64)


def test_of_two_imports_of_one_number_the_second_is_told(pool: ThreadPoolExecutor) -> None:
    with transaction.atomic():
        restore(LATE_PARCEL)
        second = elsewhere(pool, lambda: restore(QUESTION, changed(remark="别的")))
        wait_until_it_waits(second)
    with pytest.raises(CaseError) as caught:
        second.result(LONG)
    assert type(caught.value) is CaseError
    assert Case.objects.get().remark == LATE_PARCEL[-1]
    assert violations() == {}


def test_an_import_that_waits_too_long_for_another_is_told_the_same(pool: ThreadPoolExecutor) -> None:
    with transaction.atomic():
        restore(LATE_PARCEL)
        second = elsewhere(pool, lambda: restore(LATE_PARCEL), patience=1)
        with pytest.raises(CaseError) as caught:
            second.result(LONG)
    assert type(caught.value) is CaseError


def test_imports_in_opposite_order_do_not_wait_for_each_other_in_a_circle(pool: ThreadPoolExecutor) -> None:
    rows = [changed(number=f"CS20241001{n:03}") for n in range(1, 200)]
    both = [elsewhere(pool, lambda: restore(*rows)), elsewhere(pool, lambda: restore(*reversed(rows)))]
    wait(both, timeout=LONG)
    errors = [future.exception() for future in both]
    assert all(error is None or type(error) is CaseError for error in errors)
    assert Case.objects.count() == len(rows)
    assert violations() == {}


def test_the_first_registration_of_a_day_does_not_wait_for_an_import(pool: ThreadPoolExecutor) -> None:
    now, team, customer = timezone.localtime(), TeamFactory(), Customer.objects.get(number="C1002")
    row = changed(
        QUESTION,
        number=f"CS{now:%Y%m%d}001",
        customer="C1003",
        received=f"{now:%Y-%m-%d} 00:00",
        first_response="",
        progress="",
    )
    with transaction.atomic():
        Customer.objects.create(number="C1003")  # keeps the import under way
        import_ = elsewhere(pool, lambda: restore(row))
        wait_until_it_waits(import_)
        registered = elsewhere(pool, lambda: make_case(team=team, customer=customer), patience=2).result(LONG)
        assert not import_.done()
        transaction.set_rollback(True)
    assert import_.result(LONG) == ImportResult(created=1, unchanged=0)
    assert split_number(registered.number)[1] > 1
    assert violations() == {}
