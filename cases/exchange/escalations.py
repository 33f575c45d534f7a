"""The ledger of escalations as a file."""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.choices import ClockKind
from cases.exceptions import CaseError, NotPermitted
from cases.exchange.writing import write_csv
from cases.models import Case, ExportRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from cases.models import Escalation, Staff

CHUNK = 2000
MOST_ROWS = 100_000  # of one page's export
FIELDS = ("case__number", "kind", "round_number", "cycle", "percent", "planned_at", "due_at", "fired_at")


@transaction.atomic
def export_escalations(
    rows: QuerySet[Escalation], out: IO[bytes], *, actor: Staff, filters: dict[str, Any]
) -> ExportRecord:
    """
    Write the rows to ``out`` (readable again, at its beginning) and record who took what.

    Only those of cases visible to the actor are written, row by row. In a transaction, because only there
    PostgreSQL hands out rows without gathering them first. Raises NotPermitted, and CaseError where they are
    more than a page gives away.
    """
    if not actor.has_perm("cases.export_escalation"):
        raise NotPermitted
    if not actor.has_perm("cases.view_every_case"):
        rows = rows.filter(case__in=Case.objects.visible_to(actor).order_by().values("pk"))
    if rows.order_by().values("pk")[: MOST_ROWS + 1].count() > MOST_ROWS:
        raise CaseError(_("These are too many rows for one file. Narrow the list by its filters."))
    columns = headers()
    count = write_csv(_cells(rows), out, columns=columns)
    out.seek(0)
    digest = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file does
    out.seek(0)
    return ExportRecord.objects.create(
        staff=actor,
        what="escalations",
        format="csv",
        filters=filters,
        columns=columns,
        rows=count,
        sha256=digest,
    )


def headers() -> list[str]:
    """In the language of the person who takes the file."""
    return [
        _("Case number"),
        _("Clock"),
        _("Round"),
        _("Cycle"),
        _("Level in per cent"),
        _("Planned for"),
        _("Deadline"),
        _("Noticed at"),
        _("Late by seconds"),
    ]


def _cells(rows: QuerySet[Escalation]) -> Iterator[tuple[str, ...]]:
    kinds = {kind.value: str(kind.label) for kind in ClockKind}
    for number, kind, *counts, planned, due, fired in rows.values_list(*FIELDS).iterator(chunk_size=CHUNK):
        moments = (_moment(planned), _moment(due), _moment(fired))
        late = f"{(fired - planned).total_seconds():.1f}"
        yield (number, kinds[kind], *(str(count) for count in counts), *moments, late)


def _moment(at: datetime | None) -> str:
    """Local time to the second; '' where there is none."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""
