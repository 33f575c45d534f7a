"""What every measurement stands on: made-up cases in a database that is nobody's, people, and a browser."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client, override_settings
from django.urls import include, path

from cases.benchmarks import stock
from cases.benchmarks.figures import Figure
from cases.benchmarks.timing import Spent, typical
from cases.choices import Role
from cases.models import Case, Staff
from cases.seeding.organisation import SEEDED

Aims = tuple[int | None, int | None, int | None]
MANAGER = f"{SEEDED}manager"


@dataclass(frozen=True)
class Ground:
    """
    Two people, and how many cases they look at.

    Each thing is run ``runs`` times; ``report`` hears its figures at once, ``say`` what was left out.
    ``due`` clocks are due at once; lateness is watched for ``seconds``.
    """

    agent: Staff
    manager: Staff
    cases: int
    runs: int
    report: Callable[[Figure], None]
    say: Callable[[str], object] = print
    due: int = 10_000
    seconds: int = 75

    def take(self, run: Callable[[], object]) -> Spent:
        return typical(run, most=self.runs)

    def tell(
        self,
        name: str,
        figure: float,
        unit: str,
        *,
        aim: float | None = None,
        baseline: float | None = None,
        cases: int | None = None,
    ) -> None:
        found = Figure(name, figure, unit, cases or self.cases, connection.vendor, aim, baseline)
        self.report(found)

    def tell_page(
        self, name: str, spent: Spent, plain: Spent | None = None, *, aims: Aims = (None, None, None)
    ) -> None:
        """The three figures of a page; ``aims`` are milliseconds, of them in the database, and queries."""
        page, sql, queries = aims
        self.tell(f"{name}: page", spent.ms, "ms", aim=page, baseline=plain.ms if plain else None)
        self.tell(f"{name}: SQL", spent.sql_ms, "ms", aim=sql, baseline=plain.sql_ms if plain else None)
        self.tell(
            f"{name}: queries",
            spent.queries,
            "queries",
            aim=queries,
            baseline=plain.queries if plain else None,
        )


def is_nobodys() -> bool:
    """Whether everybody in this database is made up, so that measuring can spoil nothing."""
    return not Staff.objects.exclude(username__startswith=SEEDED).exists()


def stand_on(report: Callable[[Figure], None], *, runs: int, **more: Any) -> Ground:
    """Find an agent with teams, and find or hire a manager."""
    agent = Staff.objects.with_role(Role.AGENT).filter(username__startswith=SEEDED).order_by("pk")[0]
    manager, new = Staff.objects.get_or_create(
        username=MANAGER, defaults={"name": "吴*", "email": f"{MANAGER}@example.com", "is_staff": True}
    )
    if new:
        manager.set_unusable_password()
        manager.save()
        manager.groups.add(Group.objects.get(name=Role.MANAGER.value))
    return Ground(agent, manager, Case.objects.count(), runs, report, **more)


@contextmanager
def measuring() -> Iterator[None]:
    """
    The site as it is served, with the stock admin beside it, quiet on the terminal.

    Static files are named without the hash that ``collectstatic`` would give them, second factors are not
    asked for, and no statement is broken off.
    """
    routes = (path("stock/", stock.site.urls), path("", include(settings.ROOT_URLCONF)))
    plain_files = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    changed = override_settings(
        ROOT_URLCONF=routes,
        OTP_REQUIRED_ROLES=[],
        TEMPLATES=stock.templates(settings.TEMPLATES),
        STORAGES=settings.STORAGES | {"staticfiles": plain_files},
    )
    logging.disable(logging.WARNING)
    try:
        with changed:
            _never_break_off()
            yield
    finally:
        logging.disable(logging.NOTSET)


def _never_break_off() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


class Browser:
    """One person's session."""

    def __init__(self, staff: Staff) -> None:
        self.client = Client(SERVER_NAME="localhost")
        self.client.force_login(staff, "cases.backends.RoleBackend")

    def opening(self, url: str) -> Callable[[], None]:
        """Open the page; raises RuntimeError unless it is shown."""

        def open_page() -> None:
            response = self.client.get(url, secure=True)
            if response.status_code != 200:
                raise RuntimeError(f"{url} answered {response.status_code}, not 200")

        return open_page
