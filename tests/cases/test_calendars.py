from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from cases.choices import DayKind, State
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import (
    CalendarDay,
    CalendarWindow,
    CalendarYear,
    Rearming,
    StandardsStamp,
    Timer,
    WorkCalendar,
)
from cases.models.calendar import read_hours
from cases.services import unannounced
from cases.services.calendar_seed import announced_years, ensure_calendars, load_public_holidays
from cases.services.calendars import (
    farthest_deadline,
    keep_calendar,
    load_holidays,
    make_default,
    unannounced_years,
)
from cases.services.unannounced import warn_of_unannounced
from cases.standards import present_standards
from cases.worktime import PreparedCalendar
from tests.scenes import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def standard(db: None) -> WorkCalendar:
    return WorkCalendar.objects.get(is_default=True)


def worked_on(calendar: WorkCalendar, day: date) -> timedelta:
    midnight = datetime.combine(day, time(), ZoneInfo(calendar.time_zone))
    return PreparedCalendar(calendar.facts()).between(midnight, midnight + DAY)


def test_every_installation_has_round_the_clock_and_chinese_working_hours(standard: WorkCalendar) -> None:
    assert WorkCalendar.objects.get(name="24×7").facts().always_on
    assert (standard.name, standard.time_zone, standard.country) == ("标准工作时间", "Asia/Shanghai", "CN")
    assert worked_on(standard, date(2026, 9, 16)) == 8 * HOUR
    assert worked_on(standard, date(2026, 9, 19)) == timedelta()


def test_the_holidays_of_every_announced_year_are_known(standard: WorkCalendar) -> None:
    years = announced_years()
    assert years[0] == 2004
    assert 2026 in years
    assert list(standard.years.values_list("year", flat=True)) == years


def test_spring_festival_and_its_make_up_days_are_as_announced(standard: WorkCalendar) -> None:
    """国办发明电〔2025〕7号: 2026年2月15日至23日放假调休, 2月14日和28日上班."""
    worked = {day: worked_on(standard, date(2026, 2, day)) for day in range(13, 29)}
    off = {*range(15, 24)}
    assert worked == {day: timedelta() if day in off else ANY for day in worked}
    assert worked[14] == worked[28] == worked[13] == 8 * HOUR, "a Saturday that works like a weekday"
    labels = CalendarDay.objects.filter(calendar=standard, date__year=2026)
    assert labels.get(date=date(2026, 2, 17)).label == "春节"
    assert labels.get(date=date(2026, 10, 3)).label == "国庆节", "a holiday on a Saturday is one as well"


def test_sowing_again_changes_nothing_that_was_edited(standard: WorkCalendar) -> None:
    standard.name_en = "Ours"
    standard.save()
    standard.days.filter(date__year=2026).delete()
    before = (CalendarDay.objects.count(), CalendarWindow.objects.count())
    ensure_calendars(apps)
    assert (CalendarDay.objects.count(), CalendarWindow.objects.count()) == before
    standard.refresh_from_db()
    assert standard.name_en == "Ours"


def test_days_that_differ_decide_over_their_weekday(standard: WorkCalendar) -> None:
    wednesday, saturday = date(2030, 9, 18), date(2030, 9, 21)
    standard.days.create(date=wednesday, kind=DayKind.OWN_WINDOWS, windows="09:00-12:00")
    standard.days.create(date=saturday, kind=DayKind.AS_WEEKDAY, like_weekday=2)
    standard.days.create(date=wednesday + DAY, kind=DayKind.CLOSED)
    worked = [worked_on(standard, day) for day in (wednesday, wednesday + DAY, saturday)]
    assert worked == [3 * HOUR, timedelta(), 8 * HOUR]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("09:00-12:00", [(9, 12)]),
        ("9:00 - 12:00, 13:00-18:00", [(9, 12), (13, 18)]),
        ("09：00－12：00，13：00～18：00", [(9, 12), (13, 18)]),
        ("18:00–24:00；22:00至06:00", [(18, 0), (22, 6)]),
    ],
)
def test_windows_are_read_as_people_write_them(text: str, hours: list[tuple[int, int]]) -> None:
    assert read_hours(text) == tuple((time(start), time(end)) for start, end in hours)


@pytest.mark.parametrize("text", ["9-12", "09:00-25:00", "09:00", "09:00-12:00,", "morning", "09:00-12:60"])
def test_windows_that_are_none_are_named(text: str) -> None:
    day = CalendarDay(date=date(2026, 9, 16), kind=DayKind.OWN_WINDOWS, windows=text)
    with pytest.raises(ValidationError, match="Write windows as"):
        day.clean()


def test_what_does_not_belong_to_a_kind_of_day_is_dropped() -> None:
    day = CalendarDay(date=date(2026, 9, 16), kind=DayKind.CLOSED, windows="9-12", like_weekday=1)
    day.clean()
    assert (day.windows, day.like_weekday) == ("", None)
    with pytest.raises(ValidationError, match="weekday"):
        CalendarDay(date=date(2026, 9, 16), kind=DayKind.AS_WEEKDAY).clean()


@pytest.mark.parametrize("zone", ["Peking", "Asia", "", "../etc/passwd", "UTC+8"])
def test_a_time_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="time_zone"):
        WorkCalendar(name="x", time_zone=zone).full_clean()


def test_a_changed_calendar_counts_as_a_change_of_standards(standard: WorkCalendar, scene: Scene) -> None:
    before = StandardsStamp.objects.get().number
    standard.windows.filter(weekday=0).delete()
    keep_calendar(standard, actor=scene.administrator)
    assert StandardsStamp.objects.get().number == before + 1
    assert "标准工作时间" in Rearming.objects.latest("stamp").reason
    monday = datetime(2026, 9, 14, 1, tzinfo=UTC)
    assert present_standards().calendar(standard.pk).between(monday, monday + DAY) < 8 * HOUR


def test_a_calendar_that_never_opens_is_refused(standard: WorkCalendar, scene: Scene) -> None:
    standard.windows.all().delete()
    with pytest.raises(InvalidInput, match="never opens"):
        keep_calendar(standard, actor=scene.administrator)
    standard.always_on = True
    keep_calendar(standard, actor=scene.administrator)


def test_one_calendar_is_the_default(standard: WorkCalendar, scene: Scene) -> None:
    other = WorkCalendar.objects.get(name="24×7")
    make_default(other, actor=scene.administrator)
    assert list(WorkCalendar.objects.filter(is_default=True)) == [other]
    assert present_standards().default_calendar_id == other.pk
    standard.active = False
    with pytest.raises(InvalidInput, match="not active"):
        make_default(standard, actor=scene.administrator)


def test_only_who_keeps_calendars_changes_them(standard: WorkCalendar, scene: Scene) -> None:
    for service in (keep_calendar, make_default, load_holidays):
        with pytest.raises(NotPermitted):
            service(standard, actor=scene.supervisor)


def test_a_year_announced_meanwhile_is_loaded_and_edited_days_stay(
    standard: WorkCalendar, scene: Scene
) -> None:
    standard.years.filter(year__in=(2025, 2026)).delete()
    standard.days.filter(date__year=2025).delete()
    ours = standard.days.get(date=date(2026, 10, 1))
    ours.kind, ours.windows, ours.label = DayKind.OWN_WINDOWS, "09:00-12:00", "值班"
    ours.save()

    assert load_holidays(standard, actor=scene.administrator) == [2025, 2026]
    ours.refresh_from_db()
    assert ours.label == "值班"
    assert standard.days.filter(date=date(2025, 10, 1), kind=DayKind.CLOSED).exists()
    assert load_holidays(standard, actor=scene.administrator) == []


def test_days_removed_from_a_known_year_do_not_come_back(standard: WorkCalendar, scene: Scene) -> None:
    standard.days.filter(date=date(2026, 10, 1)).delete()
    load_holidays(standard, actor=scene.administrator)
    assert not standard.days.filter(date=date(2026, 10, 1)).exists()


def test_holidays_are_loaded_for_china_alone_and_never_guessed(standard: WorkCalendar, scene: Scene) -> None:
    with pytest.raises(InvalidInput, match="China"):
        load_holidays(WorkCalendar.objects.get(name="24×7"), actor=scene.administrator)
    with pytest.raises(NotImplementedError):
        load_public_holidays(apps, standard, announced_years()[-1] + 1)


def test_years_nobody_has_announced_are_named(standard: WorkCalendar) -> None:
    last = announced_years()[-1]
    since, until = datetime(last, 12, 1, tzinfo=UTC), datetime(last + 2, 1, 1, tzinfo=UTC)
    assert unannounced_years(standard, since, until) == [last + 1, last + 2]
    assert unannounced_years(standard, since, since) == []
    eve = datetime(last, 12, 31, 23, tzinfo=UTC)  # the new year's first morning in Shanghai
    assert unannounced_years(standard, eve, eve) == [last + 1]
    assert unannounced_years(WorkCalendar.objects.get(name="24×7"), since, until) == []


def test_clocks_that_reach_into_such_a_year_are_told_in_the_log_once(
    standard: WorkCalendar, scene: Scene, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unannounced, "_said", set())
    CalendarYear.objects.all().delete()
    keep_calendar(standard, actor=None)
    with caplog.at_level(logging.WARNING, logger="cases.services.unannounced"):
        for _number in range(3):
            scene.case(State.ANALYSIS)
    told = [record for record in caplog.records if record.name == "cases.services.unannounced"]
    assert len({record.args for record in told}) == len(told) > 0
    assert "deadlines may move" in told[0].getMessage()
    farthest = farthest_deadline(standard)
    assert farthest
    assert farthest.year in {record.args[0] for record in told}  # type: ignore[index]


def test_the_year_of_a_deadline_is_that_of_its_calendar(
    standard: WorkCalendar, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new year's first morning in Shanghai is still the old year in UTC."""
    monkeypatch.setattr(unannounced, "_said", set())
    last = announced_years()[-1]
    eve = datetime(last, 12, 31, 23, tzinfo=UTC)
    with caplog.at_level(logging.WARNING, logger="cases.services.unannounced"):
        warn_of_unannounced(present_standards(), [Timer(calendar=standard, due_at=eve - 8 * HOUR)])
        assert not caplog.records
        warn_of_unannounced(present_standards(), [Timer(calendar=standard, due_at=eve)])
    assert [record.args for record in caplog.records] == [(last + 1, standard.pk)]
