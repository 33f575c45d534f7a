"""What clients were told and shown in a trial, asked of the rows afterwards (I1, I2, I7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from cases.models import Case, CaseEvent, Staff

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.faults.journal import Journal


def blame_by_witnesses(journal: Journal, shown: Mapping[str, set[str]]) -> dict[str, list[Any]]:
    """Promises that do not hold, with what shows it; ``shown`` are numbers of cases by login name."""
    found: dict[str, list[Any]] = {name: list(rows) for name, rows in journal.wrong.items()}
    if lost := lost_rows(journal.brought_in):
        found["I1 rows the site said it has imported are there, I2 once"] = lost
    if halves := halved_sheets(journal.sheets):
        found["a record sheet is imported as a whole or not at all"] = halves
    if strange := shown_to_strangers(shown):
        found["I7 nobody is shown a case of another department"] = strange
    return found


def lost_rows(numbers: Iterable[str]) -> list[tuple[str, int]]:
    """Rows that are not there exactly once, with how often they began."""
    wanted = sorted(set(numbers))
    begun = CaseEvent.objects.filter(case__number__in=wanted, case__source="import", seq=1, imported=True)
    times = list(begun.values_list("case__number", flat=True))
    return [(number, times.count(number)) for number in wanted if times.count(number) != 1]


def halved_sheets(sheets: Iterable[Sequence[str]]) -> list[tuple[Sequence[str], int]]:
    counted = [(rows, Case.objects.filter(number__in=rows).count()) for rows in sheets]
    return [(rows, there) for rows, there in counted if there not in (0, len(rows))]


def shown_to_strangers(shown: Mapping[str, set[str]]) -> list[tuple[str, list[str]]]:
    """Whoever has a department and was shown a case that none of its teams has, took in or supports."""
    people = Staff.objects.filter(username__in=shown, department__isnull=False)
    found = []
    for person in people:
        of_ours = Q(handler=person)
        for team in ("team", "intake_team", "support_requests__team"):
            of_ours |= Q(**{f"{team}__department": person.department_id})
        seen = Case.objects.filter(number__in=shown[person.username])
        strange = seen.exclude(pk__in=seen.filter(of_ours).values("pk")).values_list("number", flat=True)
        if strange:
            found.append((person.username, list(strange)))
    return found
