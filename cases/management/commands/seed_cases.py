"""`manage.py seed_cases --cases N`: made-up cases in bulk, to see how the product does with many."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from cases.seeding.bulk import CHUNK, seed_cases
from cases.seeding.terminal import Progress


class Command(BaseCommand):
    help = "Add N made-up cases of the last two years, with their customers and an organisation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cases", type=int, required=True, help="how many")
        parser.add_argument("--seed", type=int, default=1, help="another number makes other cases")
        parser.add_argument("--processes", type=int, default=0, help="PostgreSQL only; by default one a core")

    def handle(self, *args: Any, cases: int, seed: int, processes: int, **options: Any) -> None:
        if cases < 1:
            raise CommandError(f"--cases {cases}: give a number of at least 1.")
        self.stdout.ending = ""  # the bar rewrites its line
        progress = Progress(self.stdout, "Cases", cases)
        seed_cases(cases, seed=seed, processes=processes or _fitting(cases), tell=progress.show)


def _fitting(cases: int) -> int:
    """One process a core where it pays; SQLite has one writer, and a transaction cannot be shared."""
    alone = connection.vendor != "postgresql" or connection.in_atomic_block or cases <= 2 * CHUNK
    return 1 if alone else os.cpu_count() or 1
