"""When people work: windows of a week, and the days that differ from it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from datetime import date, time
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import DayKind
from cases.models.organisation import Named
from cases.worktime import CalendarFacts, Hours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Weekday(models.IntegerChoices):
    """As ``datetime.weekday`` counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class WorkCalendar(Named):
    """
    Working time of those who keep a promise, in the calendar's own time zone.

    ``always_on`` is 24×7 and needs no windows. ``country`` names the public calendar whose holidays and
    make-up days are offered for seeding ('' for none); the rows of the table decide, not the package.
    """

    time_zone = models.CharField(
        _("time zone"), max_length=40, default="Asia/Shanghai", help_text=_("IANA name, as Asia/Shanghai.")
    )
    always_on = models.BooleanField(_("round the clock (24×7)"), default=False)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Used where neither team nor service level names another.")
    )
    country = models.CharField(_("public holidays of"), max_length=2, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="calendar_name_is_unique"),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="calendar_one_is_default"
            ),
        ]

    def clean(self) -> None:
        if self.time_zone not in available_timezones():
            unknown = _("“%(zone)s” is no time zone. Write it as Asia/Shanghai or Europe/Berlin.")
            raise ValidationError({"time_zone": unknown % {"zone": self.time_zone}})

    def facts(self) -> CalendarFacts:
        """What reckoning needs; prefetch ``windows`` and ``days`` where many are asked."""
        return facts_of(self)


def facts_of(calendar: Any) -> CalendarFacts:
    """The facts of a calendar, also of one that a migration reads."""
    weekly: dict[int, list[Hours]] = defaultdict(list)
    for window in calendar.windows.all():
        weekly[window.weekday].append((window.starts, window.ends))
    return CalendarFacts(
        time_zone=calendar.time_zone,
        always_on=calendar.always_on,
        windows=tuple((day, start, end) for day in sorted(weekly) for start, end in sorted(weekly[day])),
        days=tuple((day.date, hours_of(day, weekly)) for day in sorted(calendar.days.all(), key=by_date)),
    )


def hours_of(day: Any, weekly: Mapping[int, Sequence[Hours]]) -> tuple[Hours, ...]:
    """The windows of a special day, where ``weekly`` are those of its calendar by weekday."""
    if day.kind == DayKind.AS_WEEKDAY:
        return tuple(weekly.get(day.like_weekday, ()))
    return read_hours(day.windows) if day.kind == DayKind.OWN_WINDOWS else ()


def by_date(day: Any) -> date:
    when: date = day.date
    return when


def read_hours(text: str) -> tuple[Hours, ...]:
    """
    Windows written as 09:00-12:00, 13:30-15:00; 24:00 is midnight.

    Raises ValueError naming the part that is none.
    """
    return tuple(_one_window(part.strip()) for part in re.split("[,;、]", _plain(text)))


def _plain(text: str) -> str:
    """Chinese punctuation and dashes as a keyboard has them."""
    return re.sub("[–—~至]", "-", unicodedata.normalize("NFKC", text))


def _one_window(part: str) -> Hours:
    found = WINDOW.fullmatch(part)
    if found is None:
        raise ValueError(part)
    hours = [int(number) for number in found.groups()]
    try:
        return time(hours[0], hours[1]), time(0 if hours[2:] == [24, 0] else hours[2], hours[3])
    except ValueError:
        raise ValueError(part) from None


class CalendarWindow(models.Model):
    """Working hours of one weekday; an end that is not after the start is that time of the next day."""

    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, verbose_name=_("calendar"), related_name="windows"
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(
        _("until"), help_text=_("00:00 is midnight; earlier than “from” is the next day.")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["calendar_id", "weekday", "starts"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["calendar", "weekday", "starts"], name="window_is_kept_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="window_weekday_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M}"


class CalendarDay(models.Model):
    """A day that differs: a holiday, a make-up working day (调休), or a day with windows of its own."""

    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, verbose_name=_("calendar"), related_name="days"
    )
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=12, choices=DayKind.choices)
    like_weekday = models.PositiveSmallIntegerField(
        _("works like"), choices=Weekday.choices, null=True, blank=True
    )
    windows = models.CharField(
        _("own windows"), max_length=120, blank=True, help_text=_("For example 09:00-12:00, 13:30-15:00.")
    )
    label = models.CharField(_("name"), max_length=80, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        ordering = ["calendar_id", "date"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["calendar", "date"], name="calendar_day_is_kept_once"),
            models.CheckConstraint(
                condition=Q(kind=DayKind.CLOSED, like_weekday=None, windows="")
                | Q(kind=DayKind.AS_WEEKDAY, like_weekday__isnull=False, windows="")
                | (Q(kind=DayKind.OWN_WINDOWS, like_weekday=None) & ~Q(windows="")),
                name="calendar_day_says_how_it_differs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.label or self.get_kind_display()}"

    def clean(self) -> None:
        """What does not belong to the kind of the day is dropped; what belongs to it must be there."""
        if self.kind != DayKind.AS_WEEKDAY:
            self.like_weekday = None
        elif self.like_weekday is None:
            raise ValidationError({"like_weekday": _("Choose the weekday this day works like.")})
        if self.kind != DayKind.OWN_WINDOWS:
            self.windows = ""
        else:
            self._check_windows()

    def _check_windows(self) -> None:
        try:
            read_hours(self.windows)
        except ValueError as error:
            example = _("Write windows as 09:00-12:00, 13:30-15:00; “%(part)s” is none.")
            raise ValidationError({"windows": example % {"part": error}}) from error


class CalendarYear(models.Model):
    """A year whose holidays are known; a clock that reaches into any other is reckoned with a warning."""

    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, verbose_name=_("calendar"), related_name="years"
    )
    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(1970), MaxValueValidator(2200)]
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("year with known holidays")
        verbose_name_plural = _("years with known holidays")
        ordering = ["calendar_id", "year"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["calendar", "year"], name="calendar_year_is_kept_once")
        ]

    def __str__(self) -> str:
        return str(self.year)
