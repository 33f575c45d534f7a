"""
Pages of a long list that cost the same however deep they are.

A page begins behind a row, not behind a count of rows: the cursor names the last row seen by the column the
list is ordered by and by its id, and the database walks the index from there (keyset paging).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import F, OrderBy, Q, QuerySet

from cases.models import Case

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRITTEN = re.compile(r"(?P<microseconds>[0-9]{1,16}|never)\.(?P<pk>[0-9]{1,18})")


@dataclass(frozen=True)
class Order:
    """One column and then the id, both in the same direction. Rows without a value are the latest."""

    column: str
    descending: bool = False
    nullable: bool = False

    def columns(self, *, backwards: bool = False) -> list[str | OrderBy]:
        descending = self.descending != backwards
        if not self.nullable:
            sign = "-" if descending else ""
            return [f"{sign}{self.column}", f"{sign}pk"]
        if descending:
            return [F(self.column).desc(nulls_first=True), "-pk"]
        return [F(self.column).asc(nulls_last=True), "pk"]

    def beyond(self, cursor: Cursor, *, backwards: bool = False) -> Q:
        """
        What comes after the cursor in this direction.

        The first comparison alone is what an index can begin from; the second leaves out what shares the
        moment and was seen.
        """
        if self.descending != backwards:
            return self._below(cursor)
        return self._above(cursor)

    def _below(self, cursor: Cursor) -> Q:
        if cursor.moment is None:
            return Q((self.column, None), pk__lt=cursor.pk) | Q((f"{self.column}__isnull", False))
        at_most, below = Q((f"{self.column}__lte", cursor.moment)), Q((f"{self.column}__lt", cursor.moment))
        return at_most & (below | Q(pk__lt=cursor.pk))

    def _above(self, cursor: Cursor) -> Q:
        if cursor.moment is None:
            return Q((self.column, None), pk__gt=cursor.pk)
        at_least, above = Q((f"{self.column}__gte", cursor.moment)), Q((f"{self.column}__gt", cursor.moment))
        found = at_least & (above | Q(pk__gt=cursor.pk))
        return found | Q((self.column, None)) if self.nullable else found


NEWEST = Order("received_at", descending=True)
DEADLINE = Order("due_at", nullable=True)


@dataclass(frozen=True)
class Cursor:
    """A row's place in an order; ``moment`` None when its column is empty."""

    moment: datetime | None
    pk: int

    @classmethod
    def of(cls, case: Case, order: Order) -> Cursor:
        return cls(getattr(case, order.column), case.pk)

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """What ``str`` of a cursor wrote; None for anything else."""
        found = WRITTEN.fullmatch(text)
        if found is None:
            return None
        written, pk = found["microseconds"], int(found["pk"])
        return cls(None if written == "never" else EPOCH + timedelta(microseconds=int(written)), pk)

    def __str__(self) -> str:
        if self.moment is None:
            return f"never.{self.pk}"
        return f"{(self.moment - EPOCH) // timedelta(microseconds=1)}.{self.pk}"


@dataclass(frozen=True)
class Page:
    """Rows of one page in the order of the list; ``newer`` and ``older`` are where its neighbours begin."""

    rows: list[Case]
    newer: Cursor | None = None
    older: Cursor | None = None


def read_page(
    cases: QuerySet[Case], order: Order, *, size: int, after: Cursor | None, before: Cursor | None
) -> Page:
    """One query: the page behind ``after``, or the one in front of ``before``, or the first."""
    if after is None and before is not None:
        return _page_before(cases, order, before, size)
    if after is not None:
        cases = cases.filter(order.beyond(after))
    rows = list(cases.order_by(*order.columns())[: size + 1])
    kept = rows[:size]
    return Page(
        rows=kept,
        newer=Cursor.of(kept[0], order) if after is not None and kept else None,
        older=Cursor.of(kept[-1], order) if len(rows) > size else None,
    )


def _page_before(cases: QuerySet[Case], order: Order, before: Cursor, size: int) -> Page:
    """A page that would not be full is the first one, and the first one is always full if it can be."""
    behind = cases.filter(order.beyond(before, backwards=True))
    rows = list(behind.order_by(*order.columns(backwards=True))[: size + 1])
    if len(rows) < size:
        return read_page(cases, order, size=size, after=None, before=None)
    kept = rows[:size][::-1]
    return Page(
        rows=kept,
        newer=Cursor.of(kept[0], order) if len(rows) > size else None,
        older=Cursor.of(kept[-1], order),
    )


def count_up_to(cases: QuerySet[Case], order: Order, most: int) -> int:
    """
    How many there are, or ``most`` + 1 when there are more.

    Counted in the order of the pages, so that the database walks the same index as for a page: without an
    order it may read the whole table from its oldest row on to meet rows that are among the newest.
    """
    return cases.order_by(*order.columns()).values("pk")[: most + 1].count()
