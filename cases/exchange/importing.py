"""Record sheet in: from a file to rows that can be looked at, and from rows to cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.utils import timezone

from cases.exchange.reading import read_sheet
from cases.exchange.rows import read_rows, remarks_about
from cases.services.history import ImportPlan, ImportResult, plan_import, restore_cases

if TYPE_CHECKING:
    from cases.models import Staff
    from cases.record_sheet import RecordRow


@dataclass(frozen=True)
class Records:
    """The rows of one file, understood; ``remarks`` say what was left out or rewritten."""

    name: str
    sha256: str
    rows: list[RecordRow]
    remarks: list[str]


def read_records(file: IO[bytes], name: str) -> Records:
    """Read a file whose local times are in the time zone of the settings; raises SheetRefused."""
    sheet = read_sheet(file, name)
    rows = read_rows(sheet.rows, zone=timezone.get_default_timezone(), at=timezone.now())
    return Records(name, sheet.sha256, rows, [*sheet.remarks, *remarks_about(sheet.rows, rows)])


def look_at(records: Records, *, actor: Staff | None) -> ImportPlan:
    """What importing would do; writes nothing. Raises as ``plan_import`` does."""
    return plan_import(records.rows, actor=actor)


def carry_out(records: Records, *, actor: Staff | None) -> ImportResult:
    """Import all rows or none; raises as ``restore_cases`` does."""
    return restore_cases(records.rows, actor=actor, file_name=records.name, sha256=records.sha256)
