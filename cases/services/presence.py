"""Who has a case's page open at this moment."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from cases.models import Case, CaseView, Staff

if TYPE_CHECKING:
    from django.db.models import QuerySet

STILL_LOOKING = timedelta(seconds=90)  # three beats of the page, which says every 30 s that it is open


def note_presence(case: Case, staff: Staff) -> QuerySet[Staff]:
    """Write down that this person looks at the case now; returns the others who do, by name."""
    now = timezone.now()
    CaseView.objects.update_or_create(case=case, staff=staff, defaults={"seen_at": now})
    seen = CaseView.objects.filter(case=case, seen_at__gte=now - STILL_LOOKING).exclude(staff=staff)
    others: QuerySet[Staff] = Staff.objects.filter(pk__in=seen.values("staff_id"))
    return others
