"""`manage.py export_records --out FILE`: write cases as a record sheet, the whole file or none."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.choices import CaseType, State, Urgency
from cases.exceptions import CaseError
from cases.exchange.exporting import export_records, format_of
from cases.exchange.moments import FIRST_YEAR, LAST_YEAR
from cases.management.actors import staff_named
from cases.models import Case, ExportRecord, Team
from cases.querysets import CaseQuerySet
from cases.record_sheet import TYPE_WORDS, URGENCY_WORDS

TYPES = {word: value for value, word in TYPE_WORDS.items()}
URGENCIES = {word: value for value, word in URGENCY_WORDS.items()}
SELECTIONS = ("since", "until", "state", "type", "urgency", "team", "customer")


class Command(BaseCommand):
    help = "Export cases as a record sheet; the ending of the file, .csv or .xlsx, is its format."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument(
            "--from", dest="since", type=_day, help="received on this day or later, YYYY-MM-DD"
        )
        parser.add_argument(
            "--to", dest="until", type=_day, help="received on this day or earlier, YYYY-MM-DD"
        )
        parser.add_argument("--state", nargs="+", choices=State.values)
        parser.add_argument("--type", nargs="+", choices=[*CaseType.values, *TYPES])
        parser.add_argument("--urgency", nargs="+", choices=[*Urgency.values, *URGENCIES])
        parser.add_argument("--team", nargs="+", help="names of main teams")
        parser.add_argument("--customer", nargs="+", help="customer numbers")
        parser.add_argument("--as", dest="username", help="export what this login may see")

    def handle(self, *args: Any, out: Path, username: str | None, **options: Any) -> None:
        actor = staff_named(username)
        chosen = {name: options[name] for name in SELECTIONS if options[name]}
        try:
            record = write_whole_file(
                out,
                selected_cases(**chosen),
                format=format_of(out.name),
                actor=actor,
                filters={name: _plain(value) for name, value in chosen.items()},
            )
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be written: %(error)s") % {"file": out, "error": error.strerror}
            ) from error
        except CaseError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("%(rows)s rows written to %(file)s (SHA-256 %(sha256)s).")
            % {"rows": record.rows, "file": out, "sha256": record.sha256}
        )


def write_whole_file(out: Path, cases: CaseQuerySet, **options: Any) -> ExportRecord:
    """Write beside the file and put it in place at the end: what bears its name is always whole."""
    descriptor, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            record = export_records(cases, file, **options)
        Path(name).replace(out)
    finally:
        Path(name).unlink(missing_ok=True)
    return record


def selected_cases(
    *,
    since: date | None = None,
    until: date | None = None,
    state: list[str] | None = None,
    type: list[str] | None = None,
    urgency: list[str] | None = None,
    team: list[str] | None = None,
    customer: list[str] | None = None,
) -> CaseQuerySet:
    """The cases all given selections agree on; days are local days, both included."""
    cases = Case.objects.all()
    if since:
        cases = cases.filter(received_at__gte=_midnight(since))
    if until:
        cases = cases.filter(received_at__lt=_midnight(until + timedelta(days=1)))
    if state:
        cases = cases.filter(state__in=state)
    if type:
        cases = cases.filter(type__in=_stored_values(type, TYPES))
    if urgency:
        cases = cases.filter(urgency__in=_stored_values(urgency, URGENCIES))
    if team:
        cases = cases.filter(team__in=_teams_named(team))
    if customer:
        cases = cases.filter(customer__number__in=customer)
    return cases


def _stored_values(words: list[str], values: dict[str, str]) -> list[str]:
    """A word of the record sheet becomes the value that is stored; a stored value stays as it is."""
    return [values.get(word, word) for word in words]


def _teams_named(names: list[str]) -> list[Team]:
    teams = list(Team.objects.filter(name__in=names))
    if missing := set(names) - {team.name for team in teams}:
        raise CommandError(_("There is no team “%(name)s”.") % {"name": sorted(missing)[0]})
    return teams


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(_("“%(text)s” is no day like 2024-10-01.") % {"text": text}) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ArgumentTypeError(
            _("“%(text)s” lies outside the years %(first)s to %(last)s.")
            % {"text": text, "first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return day


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
