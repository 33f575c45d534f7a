"""
Who is on duty, who is away, and who stands in for whom.

Shifts are wall-clock times of the team's calendar, or of the default one where the team has none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from cases.models import Absence, DutyShift, WorkCalendar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from cases.models import Staff, Team
    from cases.querysets import DutyShiftQuerySet
    from cases.standards import Standards

ZONE = ("time_zone", "is_default")


def shifts_at(at: datetime, standards: Standards | None = None) -> DutyShiftQuerySet:
    """
    The shifts of all teams that include this moment; who is away is not looked at.

    Asks for the calendars' time zones unless the standards, which know them, are given.
    """
    zones = _zones_of(standards) if standards else list(WorkCalendar.objects.values_list(*ZONE))
    usual = next((zone for zone, is_default in zones if is_default), "UTC")
    during = Q(team__calendar=None) & _around(at, usual)
    for zone in {zone for zone, _is_default in zones}:
        during |= Q(team__calendar__time_zone=zone) & _around(at, zone)
    return DutyShift.objects.filter(during)


def _zones_of(standards: Standards) -> list[tuple[str, bool]]:
    default = standards.default_calendar_id
    return [(calendar.facts.time_zone, pk == default) for pk, calendar in standards.calendars.items()]


def shifts_from(at: datetime) -> DutyShiftQuerySet:
    """Every shift of rosters in force at this moment or later: whoever has one works by a roster."""
    still_valid = Q(valid_until=None) | Q(valid_until__gte=at.date() - timedelta(days=1))
    return DutyShift.objects.filter(still_valid)


def on_duty(team: Team, channel: str, at: datetime) -> list[Staff]:
    """
    Who answers for this channel of the team at this moment: active, not away, each once.

    For somebody who is away the stand-in is on duty. Nobody where the roster names nobody.
    """
    shifts = shifts_at(at).filter(team=team, channel__in=("", channel)).select_related("staff")
    people = [shift.staff for shift in shifts.order_by("-channel", "starts", "pk")]
    stand_ins = StandIns(at)
    present = (person if stand_ins.is_present(person) else stand_ins.of(person) for person in people)
    return list(dict.fromkeys(person for person in present if person))


def is_absent(staff: Staff, at: datetime) -> bool:
    """Whether this person is away at this moment."""
    return Absence.objects.at(at).filter(staff=staff).exists()


def stand_in_for(staff: Staff, at: datetime) -> Staff | None:
    """
    Who takes over from this person who is away: the nearest stand-in who is there.

    None where nobody is, and for somebody who is not away.
    """
    return StandIns(at).of(staff)


class StandIns:
    """Who is away at this moment, and who stands in; asked of the database once."""

    def __init__(self, at: datetime) -> None:
        absences = Absence.objects.at(at).select_related("stand_in").order_by("starts_at", "pk")
        self._named: dict[int, list[Staff]] = {}
        for absence in absences:
            named = self._named.setdefault(absence.staff_id, [])
            named += [absence.stand_in] if absence.stand_in else []

    def is_present(self, staff: Staff) -> bool:
        return staff.is_active and staff.pk not in self._named

    def of(self, staff: Staff) -> Staff | None:
        """The nearest stand-in who is there: stand-ins may be away too, and name others."""
        return next((person for person in self._chain(staff) if self.is_present(person)), None)

    def _chain(self, staff: Staff) -> Iterator[Staff]:
        """Everybody named, the nearest first and each once, so that two who name each other end it."""
        seen, waiting = {staff.pk}, [staff]
        while waiting:
            for person in self._named.get(waiting.pop(0).pk, ()):
                if person.pk not in seen:
                    seen.add(person.pk)
                    waiting.append(person)
                    yield person


def _around(at: datetime, zone: str) -> Q:
    """Shifts that include this moment as the clock on the wall of this time zone shows it."""
    local = at.astimezone(ZoneInfo(zone))
    today, now = local.date(), local.time().replace(tzinfo=None)
    past_midnight = Q(ends__lte=F("starts"))
    begun_today = _begun_on(today) & Q(starts__lte=now) & (Q(ends__gt=now) | past_midnight)
    return begun_today | (_begun_on(today - timedelta(days=1)) & past_midnight & Q(ends__gt=now))


def _begun_on(day: date) -> Q:
    still_valid = Q(valid_until=None) | Q(valid_until__gte=day)
    return Q(weekday=day.weekday(), valid_from__lte=day) & still_valid
