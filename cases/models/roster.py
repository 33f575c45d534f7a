"""Who is on duty when, and who is away."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import Channel
from cases.models.calendar import Weekday
from cases.querysets import AbsenceQuerySet, DutyShiftQuerySet


class DutyShift(models.Model):
    """
    A weekly turn (轮值): this person answers for this channel of this team at these hours.

    Hours are local to the team's calendar; an end that is not after the start is that time of the next day.
    Without a channel the turn is for all of them.
    """

    team = models.ForeignKey("cases.Team", models.PROTECT, verbose_name=_("team"), related_name="shifts")
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="shifts"
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("from"))
    ends = models.TimeField(_("until"))
    valid_from = models.DateField(_("first day"))
    valid_until = models.DateField(_("last day"), null=True, blank=True)
    history = HistoricalRecords()

    objects: ClassVar[DutyShiftQuerySet] = DutyShiftQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("duty shift")
        verbose_name_plural = _("duty roster")
        ordering = ["team_id", "weekday", "starts", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="shift_weekday_is_known"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                name="shift_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.get_weekday_display()} {self.starts:%H:%M}–{self.ends:%H:%M} {self.staff}"


class Absence(models.Model):
    """A person is away; what is meant for them goes to the stand-in, and the team lead is told."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="absences"
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("stand-in"),
        related_name="+",
        null=True,
        blank=True,
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    history = HistoricalRecords()

    objects: ClassVar[AbsenceQuerySet] = AbsenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="absence_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(stand_in=None) | ~Q(stand_in=models.F("staff")),
                name="absence_stand_in_is_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.starts_at:%Y-%m-%d}–{self.ends_at:%Y-%m-%d}"
