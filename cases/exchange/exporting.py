"""Record sheet out: the cases a person may see, written row by row and entered in the record of exports."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.exceptions import InvalidInput, NotPermitted
from cases.exchange.writing import write_csv, write_xlsx
from cases.models import ExportRecord
from cases.record_sheet import COLUMNS
from cases.services.record_cells import record_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cases.models import Staff
    from cases.querysets import CaseQuerySet
    from cases.record_sheet import Cells

WRITERS: dict[str, Callable[[Iterator[Cells], IO[bytes]], int]] = {"csv": write_csv, "xlsx": write_xlsx}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def format_of(name: str) -> str:
    """The format a file name asks for; raises InvalidInput."""
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    if suffix not in WRITERS:
        raise InvalidInput("format", _("Only .csv and .xlsx are written."))
    return suffix


@transaction.atomic
def export_records(
    cases: CaseQuerySet, out: IO[bytes], *, format: str, actor: Staff | None, filters: dict[str, Any]
) -> ExportRecord:
    """
    Write the cases to ``out`` (readable again, at its beginning) and record who took what.

    Only cases visible to the actor are written; None is the system, which sees every case. ``filters`` is
    kept as it is given. In a transaction, because only there PostgreSQL hands out rows without gathering
    them first. Raises NotPermitted, and CaseError where a text does not fit the format.
    """
    if actor:
        if not actor.has_perm("cases.export_case"):
            raise NotPermitted
        cases = cases.visible_to(actor)
    rows = WRITERS[format](record_cells(cases), out)
    out.seek(0)
    digest = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file does
    out.seek(0)
    return ExportRecord.objects.create(
        staff=actor,
        what="record_sheet",
        format=format,
        filters=filters,
        columns=list(COLUMNS),
        rows=rows,
        sha256=digest,
    )
