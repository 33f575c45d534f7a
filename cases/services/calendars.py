"""Calendars: what follows when one was changed, public holidays, and years nobody has announced yet."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import transaction
from django.utils.translation import gettext as _

from cases.choices import StandardsChange
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import StandardsStamp, Timer, WorkCalendar
from cases.services.calendar_seed import CHINA, announced_years, load_public_holidays
from cases.services.first_records import ensure_first_records
from cases.services.rearming import named, standards_changed

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Rearming, Staff

RIGHT = "cases.change_workcalendar"


@transaction.atomic
def keep_calendar(calendar: WorkCalendar, *, actor: Staff | None) -> Rearming:
    """
    To be called after a calendar, its hours or its days were written, in the same transaction: its clocks
    follow in the background.

    Raises InvalidInput for a calendar without weekly hours, which would leave its clocks without an end,
    and NotPermitted.
    """
    if actor and not actor.has_perm(RIGHT):
        raise NotPermitted
    if not calendar.always_on and not calendar.windows.exists():
        raise InvalidInput("windows", never_opens())
    return standards_changed(named(StandardsChange.CALENDAR, calendar.name), actor=actor)


def keep_known_years(*, actor: Staff) -> None:
    """
    To be called after the country or the known years of a calendar were written, in the same transaction.

    No deadline hangs on them, so no clock follows: processes only read the standards anew. Raises
    NotPermitted.
    """
    if not actor.has_perm(RIGHT):
        raise NotPermitted
    StandardsStamp.objects.update(key=uuid.uuid4())


def never_opens() -> str:
    return _(
        "This calendar never opens, so that no clock in it would ever end. Give it working hours on a "
        "weekday, or let it run round the clock."
    )


@transaction.atomic
def make_default(calendar: WorkCalendar, *, actor: Staff) -> None:
    """Use this calendar wherever neither team nor service level names one; the one before no longer is."""
    if not actor.has_perm(RIGHT):
        raise NotPermitted
    if not calendar.active:
        raise InvalidInput("active", _("This calendar is not active. Activate it first."))
    for before in WorkCalendar.objects.select_for_update().filter(is_default=True).exclude(pk=calendar.pk):
        before.is_default = False
        before.save()
    calendar.is_default = True
    calendar.save()
    keep_calendar(calendar, actor=actor)


@transaction.atomic
def load_holidays(calendar: WorkCalendar, *, actor: Staff) -> list[int]:
    """
    Add the public holidays and make-up days of every announced year that the calendar does not know yet.

    Days that are there already stay as they are, and years it knows are left alone. Returns the years added.
    Raises InvalidInput where the calendar names no country with a public calendar.
    """
    if not actor.has_perm(RIGHT):
        raise NotPermitted
    if calendar.country != CHINA:
        raise InvalidInput(
            "country", _("Only for China public holidays can be loaded. Enter others as special days.")
        )
    known = set(calendar.years.values_list("year", flat=True))
    added = [year for year in announced_years() if year not in known]
    for year in added:
        load_public_holidays(apps, calendar, year)
    if added:
        ensure_first_records(apps, "CalendarDay", "CalendarYear", by=actor.pk)
        keep_calendar(calendar, actor=actor)
    return added


def unannounced_years(calendar: WorkCalendar, since: datetime, until: datetime) -> list[int]:
    """
    Years, in its zone, between these moments whose public holidays the calendar does not know; none where it
    follows no country's.
    """
    if not calendar.country:
        return []
    known = {row.year for row in calendar.years.all()}
    first, last = (moment.astimezone(ZoneInfo(calendar.time_zone)).year for moment in (since, until))
    return [year for year in range(first, last + 1) if year not in known]


def farthest_deadline(calendar: WorkCalendar) -> datetime | None:
    """The last deadline of a clock that runs in this calendar."""
    running = Timer.objects.running().filter(calendar=calendar).exclude(due_at=None)
    return running.order_by("-due_at").values_list("due_at", flat=True).first()
