"""Clocks: promises with a moment, and the levels of their ladder that were reached."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.choices import ClockEnd, ClockKind, PauseOwner
from cases.querysets import TimerQuerySet

RUNS = Q(stopped_at=None)
# How long a case is kept depends on no calendar, and on the service level the case had in the end.
FOLLOWS = RUNS & ~Q(kind=ClockKind.RETENTION)


class Timer(models.Model):
    """
    One clock of a case: a row, not a task in a queue, so it survives everything the database survives.

    ``cycle`` counts the clocks of one kind within a round; for support it is the id of the request.
    ``used`` is the working time that passed up to ``running_since`` (None while it stands still), so that
    another budget or calendar keeps what has passed. ``target_at`` is a moment somebody promised: as long
    as the clock was never paused it is the deadline to the second. ``next_at`` is when the next level of the
    ladder is reached, None when none is left or the clock stands still and had reached none before that is
    still to be noticed; it is never before ``not_before``, when the promise was made or last became another
    one. ``held_until`` keeps back a clock that could not be worked on. ``standards`` is the count of changed
    standards it was reckoned with. Moments are aware, in UTC; durations are working time of ``calendar``
    (None: round the clock).
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="timers")
    kind = models.CharField(_("clock"), max_length=24, choices=ClockKind.choices)
    round_number = models.PositiveSmallIntegerField(_("round"), default=1)
    cycle = models.PositiveIntegerField(_("cycle"), default=1)
    support = models.ForeignKey(
        "cases.SupportRequest",
        models.PROTECT,
        verbose_name=_("support request"),
        related_name="timers",
        null=True,
    )
    calendar = models.ForeignKey(
        "cases.WorkCalendar", models.PROTECT, verbose_name=_("calendar"), related_name="+", null=True
    )
    budget = models.DurationField(_("budget"))
    target_at = models.DateTimeField(_("promised for"), null=True)
    started_at = models.DateTimeField(_("started at"))
    used = models.DurationField(_("used"), default=timedelta(0))
    running_since = models.DateTimeField(_("running since"), null=True)
    paused_at = models.DateTimeField(_("paused at"), null=True)
    paused_for = models.CharField(_("waiting for"), max_length=12, choices=PauseOwner.choices, blank=True)
    pauses = models.JSONField(_("pauses"), default=list)
    due_at = models.DateTimeField(_("due at"), null=True)
    passed = models.PositiveSmallIntegerField(_("level reached"), default=0)
    next_percent = models.PositiveSmallIntegerField(_("next level"), null=True)
    next_at = models.DateTimeField(_("next level at"), null=True)
    not_before = models.DateTimeField(_("known since"), null=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    end = models.CharField(_("end"), max_length=8, choices=ClockEnd.choices, blank=True)
    standards = models.PositiveIntegerField(_("standards"), default=1)
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    held_until = models.DateTimeField(_("held back until"), null=True)
    error = models.TextField(_("error"), blank=True)

    objects: ClassVar[TimerQuerySet] = TimerQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["case_id", "round_number", "kind", "cycle"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind", "round_number", "cycle"], name="timer_is_kept_once"
            ),
            models.UniqueConstraint(
                fields=["case", "kind"],
                condition=RUNS & Q(support=None),
                name="timer_one_of_a_kind_runs",
            ),
            models.CheckConstraint(condition=Q(kind__in=ClockKind.values), name="timer_kind_is_known"),
            models.CheckConstraint(
                condition=Q(stopped_at=None, end="") | (Q(stopped_at__isnull=False) & ~Q(end="")),
                name="timer_that_stopped_says_why",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | Q(next_at=None), name="timer_that_stopped_has_no_next_level"
            ),
            models.CheckConstraint(
                condition=Q(running_since=None) | Q(paused_at=None), name="timer_runs_or_is_paused"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"], name="timer_next_level", condition=Q(next_at__isnull=False)
            ),
            models.Index(fields=["due_at"], name="timer_running_due", condition=RUNS),
            models.Index(fields=["standards"], name="timer_running_standards", condition=FOLLOWS),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.case_id}/{self.round_number}/{self.cycle}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None


class Escalation(models.Model):
    """
    A level that a clock reached, once for each (case, clock, round, cycle, level). Never changed.

    ``planned_at`` is when it should have been reached and ``lateness`` how much later it was noticed;
    never negative.
    """

    timer = models.ForeignKey(Timer, models.PROTECT, verbose_name=_("clock"), related_name="escalations")
    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="escalations")
    kind = models.CharField(_("clock"), max_length=24, choices=ClockKind.choices)
    round_number = models.PositiveSmallIntegerField(_("round"))
    cycle = models.PositiveIntegerField(_("cycle"))
    percent = models.PositiveSmallIntegerField(_("level"))
    planned_at = models.DateTimeField(_("planned for"))
    due_at = models.DateTimeField(_("due at"), null=True)
    fired_at = models.DateTimeField(_("noticed at"))
    lateness = models.DurationField(_("lateness"))
    event = models.OneToOneField(
        "cases.CaseEvent", models.PROTECT, verbose_name=_("event"), related_name="escalation"
    )

    class Meta:
        verbose_name = _("escalation")
        verbose_name_plural = _("escalations")
        ordering = ["-fired_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("export_escalation", "May export escalations")]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind", "round_number", "cycle", "percent"],
                name="escalation_happens_once",
            ),
            models.CheckConstraint(
                condition=Q(fired_at__gte=models.F("planned_at")), name="escalation_is_never_early"
            ),
        ]
        indexes = [models.Index(fields=["-fired_at", "-id"], name="escalation_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.percent} %"
