"""Works on what is due without a broker: `manage.py ticker`."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from cases.ticker import Ticker, run_once

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = (
        "Work on clocks, notices and whatever else is due, after the schedule of the admin, until it is "
        "stopped. Needs no broker; harmless beside workers, beat or another ticker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything once and end")

    def handle(self, **options: Any) -> None:
        if options["once"]:
            if failed := run_once():
                raise CommandError("Failed: " + ", ".join(failed))
            return
        ticker = Ticker()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: ticker.stop())
        ticker.run()
