"""What is promised to whom: service levels in versions, and the ladder a missed promise climbs."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import (
    AFTER_RESULT,
    CaseType,
    Channel,
    ClockKind,
    JobState,
    LadderAction,
    NoticeChannel,
    StandardsChange,
    Urgency,
    VipLevel,
    Whom,
    channels_to,
)
from cases.models.organisation import Named

# What the system can do when a clock of which kind runs out; anything else the lifecycle would refuse.
FITTING: dict[str, list[ClockKind]] = {
    LadderAction.DISPATCH: [ClockKind.TRIAGE],
    LadderAction.EXPIRE: [ClockKind.CONFIRMATION_EXPIRY],
    LadderAction.RAISE_TIER: [kind for kind in ClockKind if kind not in AFTER_RESULT],
}
RETENTION = timedelta(days=3 * 366)  # mission paper 1.1: at least three years, leap days included


class ServiceLevel(Named):
    """A set of promises; what it promises, to whom and in which order it is tried are in its versions."""

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="service_level_name_is_unique")]


class ServiceLevelVersion(models.Model):
    """
    What a service level promises from ``valid_from`` on. Never changed: a change is a new version.

    Empty criteria fit everything. A case takes the first level, by position, whose version in force when the
    case came in fits it, and keeps that version; one with ``applies_to_open`` also takes over the cases that
    were open when it came into force: those whose clocks were reckoned before change ``stamp``. Durations are
    working time of the calendar that paper 2.2 names for each clock; defaults are that paper's.
    """

    level = models.ForeignKey(
        ServiceLevel, models.PROTECT, verbose_name=_("service level"), related_name="versions"
    )
    number = models.PositiveIntegerField(_("version"))
    valid_from = models.DateTimeField(_("in force from"))
    stamp = models.PositiveIntegerField(_("change"), default=1)
    applies_to_open = models.BooleanField(
        _("also for open cases"),
        default=False,
        help_text=_("Their clocks are reckoned anew in the background; the time used so far is kept."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written by"), related_name="+", null=True
    )
    in_use = models.BooleanField(
        _("in use"), default=True, help_text=_("A version that is not in use ends the level for new cases.")
    )
    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Smaller is tried first."))
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, blank=True)
    type = models.CharField(_("type"), max_length=20, choices=CaseType.choices, blank=True)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)
    team = models.ForeignKey(
        "cases.Team",
        models.PROTECT,
        verbose_name=_("team"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("The team that takes the case in."),
    )
    vip_from = models.PositiveSmallIntegerField(
        _("VIP level from"), choices=VipLevel.choices, default=VipLevel.NONE
    )
    calendar = models.ForeignKey(
        "cases.WorkCalendar",
        models.PROTECT,
        verbose_name=_("calendar"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("For the first response, and for teams without a calendar of their own."),
    )
    response_urgent = models.DurationField(_("first response, urgent"), default=timedelta(hours=2))
    response_important = models.DurationField(_("first response, important"), default=timedelta(hours=4))
    response_normal = models.DurationField(_("first response, normal"), default=timedelta(hours=8))
    triage = models.DurationField(_("triage"), default=timedelta(minutes=30))
    acceptance = models.DurationField(_("acceptance"), default=timedelta(hours=1))
    progress_urgent = models.DurationField(_("progress update, urgent"), default=timedelta(hours=2))
    progress_other = models.DurationField(_("progress update, otherwise"), default=timedelta(hours=4))
    support = models.DurationField(_("support without a wanted time"), default=timedelta(hours=8))
    improvement_plan = models.DurationField(_("improvement plan"), default=timedelta(hours=24))
    confirmation_reminder = models.DurationField(_("reminder to confirm"), default=timedelta(hours=24))
    confirmation_expiry = models.DurationField(_("end of confirmation"), default=timedelta(hours=72))
    retention = models.DurationField(_("retention"), default=RETENTION)

    class Meta:
        verbose_name = _("version of a service level")
        verbose_name_plural = _("versions of service levels")
        ordering = ["position", "level_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["level", "number"], name="service_level_version_is_unique"),
            models.CheckConstraint(condition=Q(number__gte=1), name="service_level_versions_start_at_one"),
            models.CheckConstraint(
                condition=Q(confirmation_expiry__gt=models.F("confirmation_reminder")),
                name="service_level_reminds_before_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(retention__gte=timedelta(days=3 * 365)), name="service_level_keeps_three_years"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} v{self.number}"

    def applies_to(self, received_at: datetime) -> bool:
        """Whether it is for a case that came in then: once it was in force, or any case that is open."""
        return self.applies_to_open or self.valid_from <= received_at


class LadderStep(models.Model):
    """
    One step of the ladder of a clock: at this share of its budget, these people by this channel.

    ``percent`` 100 is the deadline itself. ``action`` is done once for each level, whoever is told.
    """

    kind = models.CharField(_("clock"), max_length=24, choices=ClockKind.choices)
    percent = models.PositiveSmallIntegerField(
        _("per cent"), validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    whom = models.CharField(_("whom"), max_length=16, choices=Whom.choices)
    channel = models.CharField(
        _("channel"), max_length=10, choices=NoticeChannel.choices, default=NoticeChannel.INBOX
    )
    action = models.CharField(
        _("also"), max_length=12, choices=LadderAction.choices, blank=True, default=LadderAction.NOTHING
    )
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("ladder")
        ordering = ["kind", "percent", "whom", "channel"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "percent", "whom", "channel"], name="ladder_step_is_kept_once"
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=1000), name="ladder_percent_is_sensible"
            ),
            models.CheckConstraint(
                condition=reduce(
                    or_,
                    (Q(action=action, kind__in=kinds) for action, kinds in FITTING.items()),
                    Q(action=LadderAction.NOTHING),
                ),
                name="ladder_action_fits_the_clock",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.percent} %"

    def clean(self) -> None:
        """
        Raises ValidationError for an action that the rules of the lifecycle would always refuse, and for a
        channel that does not reach whom the step tells.
        """
        if self.whom and self.channel and self.channel not in channels_to(self.whom):
            raise ValidationError({"channel": _("This channel does not reach these people.")})
        if self.action in FITTING and self.kind and self.kind not in FITTING[self.action]:
            unfit = _("“%(action)s” is never possible when “%(clock)s” runs out. Choose another one.")
            words = {"action": self.get_action_display(), "clock": self.get_kind_display()}
            raise ValidationError({"action": unfit % words})


class StandardsStamp(models.Model):
    """
    One row that counts the changes of calendars, service levels and ladder.

    A clock keeps the count it was reckoned with; one that is behind is reckoned anew in the background.
    """

    number = models.PositiveIntegerField(default=1)
    # Another with each change, so that what a process remembers is never taken for what another one rolled
    # back.
    key = models.UUIDField(default=uuid.uuid4)

    class Meta:
        verbose_name = _("count of changed standards")
        verbose_name_plural = _("counts of changed standards")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.number)


class Rearming(models.Model):
    """
    A change of standards, and how far the clocks are reckoned anew after it.

    ``calendars`` are the facts of every calendar from this change on, so that the time a clock used before
    the next one is still known then.
    """

    stamp = models.PositiveIntegerField(_("change"), unique=True)
    reason = models.CharField(_("reason"), max_length=200)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), related_name="+", null=True
    )
    requested_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=10, choices=JobState.choices, default=JobState.WAITING)
    total = models.PositiveIntegerField(_("clocks to look at"), default=0)
    looked_at = models.PositiveIntegerField(_("clocks looked at"), default=0)
    moved = models.PositiveIntegerField(_("clocks moved"), default=0)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    calendars = models.JSONField(default=dict)

    objects: ClassVar[models.Manager[Rearming]] = models.Manager()

    class Meta:
        verbose_name = _("reckoning anew")
        verbose_name_plural = _("reckonings anew")
        ordering = ["-stamp"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.stamp} {self.reason_in_words}"

    @property
    def reason_in_words(self) -> str:
        """What was changed, in the reader's language."""
        kind, _colon, name = self.reason.partition(": ")
        if kind not in StandardsChange.values:
            return self.reason
        return ": ".join(part for part in (str(StandardsChange(kind).label), name) if part)
