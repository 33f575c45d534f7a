"""A clerk who brings in small record sheets and takes out today's list, while all the others are at work."""

from __future__ import annotations

import csv
import io
import random
from typing import TYPE_CHECKING

from django.utils import timezone

from cases.models import Case
from cases.record_sheet import COLUMNS
from tests.cases.exchange.sheets import LATE_PARCEL, QUESTION, changed, csv_file
from tests.faults.clients import CASES, TRIES, Client

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Staff
    from cases.record_sheet import Cells
    from tests.faults.browser import Answer, Browser
    from tests.faults.world import World

IMPORT, EXPORT = "/admin/cases/case/import-records/", "/admin/cases/case/export-records/"
FILE_IS_ASKED_FOR = 'type="file"'


class Clerk(Client):
    pause = 3.0

    def do_something(self) -> None:
        self.bring_in()
        self.take_out()

    def bring_in(self) -> None:
        """One sheet, sent until it is there: who got no answer sends the same file again."""
        rows = sheet_rows(self.world)
        numbers = [row[0] for row in rows]
        self.journal.sheets.append(numbers)
        browser = self.world.browsers.of(self.world.manager.username)
        for _try in range(TRIES):
            if self.journal.look_at(bring_in(browser, csv_file(rows))).status == 200:
                self.journal.bring_in(numbers)
                return

    def take_out(self) -> None:
        who = random.choice([self.world.manager, *(branch.supervisor for branch in self.world.branches)])
        day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        before = visible_since(who, day)
        path = f"{EXPORT}?from={day:%Y-%m-%d}&to={day:%Y-%m-%d}"
        answer = self.send(self.world.browsers.of(who.username), path, format="csv")
        if answer.status != 200:
            return
        self.journal.taken_out += 1
        if faults := faults_of_file(answer, before, visible_since(who, day)):
            self.journal.blame("a file that was taken out is whole", (who.username, *faults))


def sheet_rows(world: World) -> list[Cells]:
    """Two or three rows of a day long past, with numbers nobody has had; one has ended, others go on."""
    customers = random.choice(world.branches).customers
    rows = [LATE_PARCEL, QUESTION, QUESTION][: random.choice((2, 3))]
    return [
        changed(
            row,
            number=f"CS20241001{next(world.sheet_numbers):06d}",
            customer=random.choice(customers).number,
        )
        for row in rows
    ]


def bring_in(browser: Browser, content: bytes) -> Answer:
    """Upload, look, confirm. The answer has status 200 only where the site says that all rows are there."""
    looked = browser.send_file(IMPORT, "sheet.csv", content)
    if looked.status != 200:
        return looked
    if FILE_IS_ASKED_FOR in looked.body:  # it was refused
        return _refused(looked)
    if not (token := looked.hidden.get("token")):  # an earlier confirmation was carried out, unheard
        return looked
    confirmed = browser.post(IMPORT, {**looked.hidden, "token": token})
    return confirmed if CASES in confirmed.url and IMPORT not in confirmed.url else _refused(confirmed)


def _refused(answer: Answer) -> Answer:
    return type(answer)(answer.status if answer.status >= 400 else 422, answer.url, answer.body)


def visible_since(staff: Staff, day: datetime) -> set[str]:
    """Read beside the site: what the list of this day holds for this person."""
    cases = Case.objects.visible_to(staff).filter(received_at__gte=day)
    return set(cases.values_list("number", flat=True))


def faults_of_file(answer: Answer, before: set[str], after: set[str]) -> list[str]:
    """``before`` and ``after`` are the numbers this person might see around the moment of the file."""
    if "attachment" not in (answer.headers["Content-Disposition"] or ""):
        return ["no file"]
    faults = []
    if answer.headers["Content-Length"] != str(answer.size) or not answer.body.endswith("\n"):
        faults.append(f"{answer.size} bytes of {answer.headers['Content-Length']}")
    head, *rows = csv.reader(io.StringIO(answer.body.removeprefix("\ufeff")))
    if tuple(head) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        faults.append("rows of another shape")
    numbers = [row[0] for row in rows]
    if missing := before - set(numbers):
        faults.append(f"missing: {sorted(missing)[:5]}")
    if strange := set(numbers) - after:
        faults.append(f"not for these eyes: {sorted(strange)[:5]}")
    return [*faults, *(["rows twice"] if len(numbers) != len(set(numbers)) else [])]
