"""`manage.py seed_demo`: a demo organisation with cases and logins, in an installation that has none yet."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from cases.exchange.importing import carry_out, read_records
from cases.models import Case, Staff
from cases.seeding.demo import Login, is_untouched, make_demo
from cases.seeding.demo_sheet import FILE_NAME, sheet
from cases.seeding.terminal import table


class Command(BaseCommand):
    help = "Fill an empty installation with a demo organisation, cases and one login per role."

    def handle(self, *args: Any, **options: Any) -> None:
        if is_untouched():
            self._show_logins(_fill())
        else:
            self._show_how_to_log_in()

    def _show_logins(self, logins: list[Login]) -> None:
        rows = [(login.staff.username, login.password, login.role, login.staff.name) for login in logins]
        self.stdout.write(f"\n{Case.objects.count()} demo cases are there. These people may log in:\n\n")
        self.stdout.write(table(("login", "password", "role", "name"), rows))
        self.stdout.write("\nThe passwords are shown this once and kept nowhere in clear. Write them down.\n")

    def _show_how_to_log_in(self) -> None:
        names = Staff.objects.active().order_by("pk").values_list("username", flat=True)
        self.stdout.write(
            "There is an organisation here already: nothing was added. Logins: "
            f"{', '.join(names[:20]) or 'none'}.\n"
            "A new password for one of them: python manage.py changepassword NAME\n"
            "A new superuser: python manage.py createsuperuser\n"
        )


@transaction.atomic
def _fill() -> list[Login]:
    """The demo, and a record sheet of older cases, as people who begin with the product bring one."""
    logins = make_demo()
    carry_out(read_records(BytesIO(sheet()), FILE_NAME), actor=None)
    return logins
