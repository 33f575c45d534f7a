"""`manage.py import_records FILE`: make cases of a record sheet, all rows or none."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cases.exceptions import CaseError
from cases.exchange.importing import Records, carry_out, look_at, read_records
from cases.management.actors import staff_named
from cases.models import Staff


class Command(BaseCommand):
    help = "Import a record sheet (.csv or .xlsx) of thirteen columns; nothing is stored if any row is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check the file and store nothing")
        parser.add_argument("--as", dest="username", help="import with the rights of this login")

    def handle(self, *args: Any, file: Path, dry_run: bool, username: str | None, **options: Any) -> None:
        actor = staff_named(username)
        try:
            with file.open("rb") as content:
                records = read_records(content, file.name)
            for remark in records.remarks:
                self.stdout.write(remark)
            self._look(records, actor) if dry_run else self._import(records, actor)
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be read: %(error)s") % {"file": file, "error": error.strerror}
            ) from error
        except CaseError as error:
            raise CommandError(f"{error}\n{_('Nothing was stored.')}") from error

    def _look(self, records: Records, actor: Staff | None) -> None:
        plan = look_at(records, actor=actor)
        self.stdout.write(
            _("%(new)s cases would be created, %(unchanged)s are there already. Nothing was stored.")
            % {"new": len(plan.new), "unchanged": len(plan.unchanged)}
        )

    def _import(self, records: Records, actor: Staff | None) -> None:
        result = carry_out(records, actor=actor)
        self.stdout.write(
            _("%(created)s cases created, %(unchanged)s were there already.")
            % {"created": result.created, "unchanged": result.unchanged}
        )
