from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Absence, DutyShift, Staff, Team, WorkCalendar
from cases.rosters import is_absent, on_duty, shifts_at, stand_in_for
from tests.factories import StaffFactory, TeamFactory

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 9, 14)
HOUR = timedelta(hours=1)


@pytest.fixture
def team() -> Team:
    team: Team = TeamFactory()
    return team


def at(hour: int, minute: int = 0, *, day: date = MONDAY, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)


def shift(team: Team, staff: Staff | None = None, **facts: object) -> Staff:
    """Mondays from nine to six for all channels, unless ``facts`` say otherwise; returns who is on duty."""
    person: Staff = staff or StaffFactory()
    usual = {"weekday": 0, "starts": time(9), "ends": time(18), "valid_from": date(2026, 1, 1)}
    DutyShift.objects.create(team=team, staff=person, **usual | facts)
    return person


def away(staff: Staff, stand_in: Staff | None = None, moment: datetime | None = None) -> Absence:
    begun = moment or at(9)
    return Absence.objects.create(
        staff=staff, stand_in=stand_in, starts_at=begun - HOUR, ends_at=begun + 8 * HOUR
    )


def test_a_shift_holds_from_its_first_minute_up_to_its_end(team: Team) -> None:
    person = shift(team)
    found = {hour: on_duty(team, "phone", hour) for hour in (at(8, 59), at(9), at(17, 59), at(18))}
    assert list(found.values()) == [[], [person], [person], []]


def test_a_shift_is_of_its_weekday_only(team: Team) -> None:
    shift(team)
    assert on_duty(team, "phone", at(10, day=MONDAY + timedelta(days=1))) == []


def test_a_shift_past_midnight_belongs_to_the_day_it_begins_on(team: Team) -> None:
    person = shift(team, starts=time(22), ends=time(6))
    tuesday = MONDAY + timedelta(days=1)
    assert on_duty(team, "phone", at(5, 59)) == []
    assert on_duty(team, "phone", at(23)) == [person]
    assert on_duty(team, "phone", at(5, 59, day=tuesday)) == [person]
    assert on_duty(team, "phone", at(6, day=tuesday)) == []


def test_equal_hours_are_a_whole_day(team: Team) -> None:
    person = shift(team, starts=time(8), ends=time(8))
    tuesday = MONDAY + timedelta(days=1)
    assert on_duty(team, "phone", at(8)) == on_duty(team, "phone", at(7, 59, day=tuesday)) == [person]
    assert on_duty(team, "phone", at(8, day=tuesday)) == []


def test_the_last_night_of_a_shift_is_worked_to_its_end(team: Team) -> None:
    person = shift(team, starts=time(22), ends=time(6), valid_from=MONDAY, valid_until=MONDAY)
    week = timedelta(days=7)
    assert on_duty(team, "phone", at(3, day=MONDAY + timedelta(days=1))) == [person]
    assert on_duty(team, "phone", at(23, day=MONDAY + week)) == []
    assert on_duty(team, "phone", at(23, day=MONDAY - week)) == []


def test_a_shift_for_one_channel_answers_for_that_one(team: Team) -> None:
    everywhere = shift(team)
    by_phone = shift(team, channel="phone")
    assert on_duty(team, "phone", at(10)) == [by_phone, everywhere]
    assert on_duty(team, "email", at(10)) == [everywhere]


def test_who_has_two_shifts_at_once_is_named_once(team: Team) -> None:
    person = shift(team)
    shift(team, person, channel="phone")
    assert on_duty(team, "phone", at(10)) == [person]


def test_the_shifts_of_other_teams_do_not_count(team: Team) -> None:
    shift(TeamFactory())
    assert on_duty(team, "phone", at(10)) == []


def test_hours_are_those_of_the_team_s_calendar() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    calendar = WorkCalendar.objects.create(name="柏林", time_zone="Europe/Berlin", always_on=True)
    team = TeamFactory(calendar=calendar)
    person = shift(team)
    assert on_duty(team, "phone", at(10)) == []
    assert on_duty(team, "phone", at(10, zone=berlin)) == [person]
    assert on_duty(team, "phone", at(17, 30, zone=berlin, day=date(2026, 10, 26))) == [person]


def test_without_any_calendar_hours_are_utc(team: Team) -> None:
    WorkCalendar.objects.update(is_default=False)
    person = shift(team)
    assert on_duty(team, "phone", datetime(2026, 9, 14, 9, tzinfo=UTC)) == [person]


def test_who_is_inactive_is_not_on_duty(team: Team) -> None:
    shift(team, StaffFactory(is_active=False))
    assert on_duty(team, "phone", at(10)) == []


def test_who_is_away_is_not_on_duty_and_the_stand_in_is(team: Team) -> None:
    person, other = shift(team), StaffFactory()
    absence = away(person)
    assert is_absent(person, at(10))
    assert on_duty(team, "phone", at(10)) == []
    absence.stand_in = other
    absence.save()
    assert on_duty(team, "phone", at(10)) == [other]
    assert not is_absent(person, absence.ends_at)
    assert on_duty(team, "phone", absence.ends_at) == [person]


def test_a_stand_in_who_is_on_duty_as_well_is_named_once(team: Team) -> None:
    first, second = shift(team), shift(team)
    away(first, second)
    assert on_duty(team, "phone", at(10)) == [second]


def test_the_stand_in_of_a_stand_in_takes_over() -> None:
    first, second, third = StaffFactory(), StaffFactory(), StaffFactory()
    away(first, second)
    assert stand_in_for(first, at(10)) == second
    away(second, third)
    assert stand_in_for(first, at(10)) == third


def test_two_who_name_each_other_leave_nobody() -> None:
    first, second = StaffFactory(), StaffFactory()
    away(first, second)
    away(second, first)
    assert stand_in_for(first, at(10)) is None


def test_nobody_inactive_stands_in() -> None:
    first = StaffFactory()
    away(first, StaffFactory(is_active=False))
    assert stand_in_for(first, at(10)) is None


def test_of_two_absences_at_once_the_one_that_names_somebody_counts() -> None:
    first, second = StaffFactory(), StaffFactory()
    away(first)
    away(first, second)
    assert stand_in_for(first, at(10)) == second


def test_who_is_there_needs_no_stand_in() -> None:
    first = StaffFactory()
    away(first, StaffFactory())
    assert stand_in_for(first, at(20)) is None


def test_the_number_of_questions_does_not_grow_with_the_roster(team: Team) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            on_duty(team, "phone", at(10))
        return len(seen)

    away(shift(team), StaffFactory())
    few = cost()
    for _number in range(10):
        away(shift(team), StaffFactory())
    assert cost() == few == 3


def test_all_shifts_of_a_moment_are_found_whatever_their_zone() -> None:
    berlin = WorkCalendar.objects.create(name="柏林", time_zone="Europe/Berlin", always_on=True)
    here, there = shift(TeamFactory()), shift(TeamFactory(calendar=berlin))
    moment = at(16)
    assert set(shifts_at(moment).values_list("staff", flat=True)) == {here.pk, there.pk}
