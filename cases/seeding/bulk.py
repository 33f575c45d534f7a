"""
Many made-up cases, written past the services: by COPY on PostgreSQL, by INSERT of many rows on SQLite.

The database's own rules hold all the same: foreign keys, constraints, and the unbroken chain of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from typing import Any

import django
from django.db import connection, transaction
from django.utils import timezone

from cases.models import Case, Customer, Topic
from cases.seeding.days import Days, spread
from cases.seeding.making import make_batch
from cases.seeding.organisation import Organisation, ensure_organisation
from cases.seeding.rows import CONTACTS, CUSTOMERS, Table
from cases.seeding.tale import moment
from cases.seeding.world import EVENT_IDS, ROUND_IDS, Customers, World
from cases.services.numbers import format_number, reserve_numbers, split_number
from cases.services.rearming import arm_anew
from cases.services.reference import ensure_topics

CHUNK = 5_000  # cases to a transaction: some 50 MB of rows
CASES_PER_CUSTOMER = 8
# For the session that writes: a statement may take its time, words reach the search index in bulk, and the
# rule of the unbroken chain looks up single events however large the table has grown.
BULK_SETTINGS = {
    "statement_timeout": "0",
    "synchronous_commit": "off",
    "gin_pending_list_limit": "32MB",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
}
SEEDED_TABLES = (
    "case",
    "round",
    "caseevent",
    "message",
    "supportrequest",
    "timer",
    "customer",
    "customercontact",
)


@dataclass(frozen=True)
class Chunk:
    world: World
    start: int
    stop: int


def seed_cases(
    total: int, *, seed: int, processes: int, tell: Callable[[int], None] = lambda _done: None
) -> None:
    """
    Add ``total`` made-up cases of the last two years and the organisation and customers they need.

    ``tell`` hears how many are written. Several processes write at once only outside a transaction.
    """
    world = _prepare(total, seed)
    chunks = [Chunk(world, at, min(at + CHUNK, total)) for at in range(0, total, CHUNK)]
    done = 0
    with words_in_bulk():
        for written in _write_all(chunks, processes):
            done += written
            tell(done)
    reserve_numbers(_last_numbers(world))
    analyze()


def _write_all(chunks: list[Chunk], processes: int) -> Iterator[int]:
    if processes == 1:
        with bulk_session():
            yield from map(write_chunk, chunks)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=django.setup) as pool:
        yield from pool.map(write_chunk_in_own_session, chunks)


def write_chunk_in_own_session(chunk: Chunk) -> int:
    with bulk_session():
        return write_chunk(chunk)


def write_chunk(chunk: Chunk) -> int:
    """Make the cases of the chunk and write them in one transaction; how many they are."""
    batch = make_batch(chunk.world, chunk.start, chunk.stop)
    with transaction.atomic():
        for table, rows in batch.by_table():
            write_rows(table, rows)
        # Made-up cases are written as they stand: their clocks begin with them, not with the tale.
        arm_anew([case.id for case in batch.cases], datetime.fromtimestamp(chunk.world.now, UTC))
    return len(batch.cases)


def write_rows(table: Table, rows: Iterable[Any]) -> None:
    values = map(table.values, rows)
    names = ", ".join(f'"{column}"' for column in table.columns)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * len(table.columns))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(values))


@contextmanager
def bulk_session() -> Iterator[None]:
    """Settings for writing in bulk, taken back at the end."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        for name, value in BULK_SETTINGS.items():
            cursor.execute(f"SET {name} = '{value}'")
        yield
        for name in BULK_SETTINGS:
            cursor.execute(f"RESET {name}")


@contextmanager
def words_in_bulk() -> Iterator[None]:
    """Gather words before they enter PostgreSQL's search index; ``analyze`` brings in the last of them."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("ALTER INDEX case_search SET (fastupdate = on)")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER INDEX case_search SET (fastupdate = off)")


def analyze() -> None:
    """Tell the database what it now holds; outside a transaction PostgreSQL also tidies up its indexes."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return
    verb = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(f"{verb} {', '.join(f'cases_{name}' for name in SEEDED_TABLES)}")
        cursor.execute("RESET statement_timeout")


def _prepare(total: int, seed: int) -> World:
    with transaction.atomic():
        ensure_topics(Topic)
        organisation = ensure_organisation(seed)
        customers = _make_customers(max(total // CASES_PER_CUSTOMER, 1), organisation)
        now = timezone.now()
        # Up to yesterday: the numbers of today belong to the cases registered today.
        days = spread(total, timezone.localdate(now) - timedelta(days=1))
        return World(
            seed,
            int(now.timestamp()),
            timezone.get_default_timezone(),
            days,
            _numbers_given(),
            organisation.front,
            organisation.back,
            organisation.topics,
            customers,
            reserve_ids("cases_case", total),
            reserve_ids("cases_round", total * ROUND_IDS),
            reserve_ids("cases_caseevent", total * EVENT_IDS),
        )


def _make_customers(count: int, organisation: Organisation) -> Customers:
    numbers = Customer.objects.values_list("number", flat=True).iterator()
    highest = max((int(number[1:]) for number in numbers), default=0)
    customers = Customers(
        reserve_ids("cases_customer", count),
        reserve_ids("cases_customercontact", 2 * count),
        max(highest + 1, 100_000),
        count,
    )
    at = moment(int(timezone.now().timestamp()))
    _write_slices(CUSTOMERS, customers.rows(organisation.agents, at))
    _write_slices(CONTACTS, customers.contacts())
    return customers


def _write_slices(table: Table, rows: Iterator[Any]) -> None:
    while some := list(islice(rows, CHUNK)):
        write_rows(table, some)


def reserve_ids(table: str, count: int) -> int:
    """The first of ``count`` ids that nobody else will be given."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
            return int(cursor.fetchone()[0])
        sequence = "pg_get_serial_sequence(%(table)s, 'id')"
        cursor.execute(f"SELECT nextval({sequence})", {"table": table})
        first = int(cursor.fetchone()[0])
        cursor.execute(f"SELECT setval({sequence}, %(last)s)", {"table": table, "last": first + count})
        return first


def _numbers_given() -> dict[str, int]:
    """The highest counter of every day that has cases already."""
    given: dict[str, int] = defaultdict(int)
    for number in Case.objects.order_by().values_list("number", flat=True).iterator():
        day, counter = split_number(number)
        given[day] = max(given[day], counter)
    return dict(given)


def _last_numbers(world: World) -> Iterator[str]:
    """The last number of every day: all before it are given."""
    days: Days = world.days
    for day, size in days.sizes().items():
        yield format_number(day, size + world.given.get(f"{day:%Y%m%d}", 0))
