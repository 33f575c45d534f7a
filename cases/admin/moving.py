"""What a change of standards would move, as its page shows it before anything is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.choices import ClockKind
from cases.models import Case

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Staff
    from cases.services.rearming import Preview


@dataclass(frozen=True)
class Example:
    """One clock that would move; ``case`` is None where this person may not see the case."""

    case: Case | None
    clock: str
    was: datetime | None
    becomes: datetime | None


def examples_for(preview: Preview, staff: Staff) -> list[Example]:
    """Those this person may look at first; of the others only the clock is told."""
    ids = {moved.case.pk for moved in preview.examples}
    seen = set(Case.objects.visible_to(staff).filter(pk__in=ids).values_list("pk", flat=True))
    found = [
        Example(
            moved.case if moved.case.pk in seen else None,
            str(ClockKind(moved.kind).label),
            moved.was,
            moved.becomes,
        )
        for moved in preview.examples
    ]
    return sorted(found, key=lambda example: example.case is None)
