"""`manage.py bench --cases N`: how fast the product is with that many cases, beside the plain way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.benchmarks.clocks import measure_clocks, measure_idle_tick
from cases.benchmarks.deciding import measure_announcements, measure_deciding
from cases.benchmarks.figures import HEAD, Figure, lines
from cases.benchmarks.files import measure_exports, measure_import
from cases.benchmarks.ground import Ground, is_nobodys, measuring, stand_on
from cases.benchmarks.lateness import measure_lateness
from cases.benchmarks.pages import measure_case_page, measure_desk, measure_lists, measure_searches
from cases.benchmarks.timing import MOST
from cases.benchmarks.worktime import measure_worktime
from cases.benchmarks.writes import measure_writes
from cases.memory import keep_what_is_loaded
from cases.models import Case
from cases.seeding.terminal import table

# Exports first: later measurements would raise the memory they begin with.
BENCHES: dict[str, Callable[[Ground], None]] = {
    "exports": measure_exports,
    "import": measure_import,
    "lists": measure_lists,
    "searches": measure_searches,
    "case": measure_case_page,
    "desk": measure_desk,
    "writes": measure_writes,
    "worktime": measure_worktime,
    "lateness": measure_lateness,
    "clocks": measure_clocks,
    "idle": measure_idle_tick,
    "deciding": measure_deciding,
    "announcements": measure_announcements,
}


class Command(BaseCommand):
    help = "Measure the speed of the product on made-up cases; a database of real people is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cases", type=int, default=100_000, help="made up first where there are fewer")
        parser.add_argument("--out", type=Path, default=Path("bench.json"), help="where the figures go")
        parser.add_argument("--only", choices=BENCHES, action="append", help="measure this alone")
        parser.add_argument("--runs", type=int, default=MOST, help="of each page; the median counts")
        parser.add_argument("--due", type=int, default=10_000, help="clocks that are due at once")
        parser.add_argument("--seconds", type=int, default=75, help="for which lateness is watched")
        parser.add_argument("--add", action="store_true", help="keep the figures that --out holds already")
        parser.add_argument("--yes", action="store_true", help="measure although real people work here")

    def handle(self, *args: Any, cases: int, out: Path, **options: Any) -> None:
        if not options["yes"] and not is_nobodys():
            raise CommandError(
                "Real people work in this database, and measuring adds cases to it. Name an empty database "
                "in DATABASE_URL, or say --yes."
            )
        if (missing := cases - Case.objects.count()) > 0:
            call_command("seed_cases", cases=missing, stdout=self.stdout)
        more = {"due": options["due"], "seconds": options["seconds"], "say": self.stdout.write}
        figures = self._measure(options["only"] or [*BENCHES], runs=options["runs"], **more)
        self.stdout.write(f"\n{table(HEAD, lines(figures))}\n")
        write(out, figures, add=options["add"])
        self.stdout.write(f"\n{Case.objects.count():,} cases on {figures[0].database}; written to {out}.\n")

    def _measure(self, names: list[str], **options: Any) -> list[Figure]:
        figures: list[Figure] = []
        with measuring():
            keep_what_is_loaded()
            ground = stand_on(lambda figure: self._note(figures, figure), **options)
            for name in names:
                BENCHES[name](ground)
        return figures

    def _note(self, figures: list[Figure], figure: Figure) -> None:
        """Show each figure at once: the next may take a minute."""
        figures.append(figure)
        self.stdout.write(f"{figure.name}: {figure.figure:,} {figure.unit}")
        self.stdout.flush()


def write(out: Path, figures: list[Figure], *, add: bool) -> None:
    """A list with one object for each figure."""
    before = json.loads(out.read_text(encoding="utf-8")) if add and out.exists() else []
    rows = [*before, *(figure.row() for figure in figures)]
    out.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
