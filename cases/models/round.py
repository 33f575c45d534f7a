"""Rounds of handling, and the teams that support one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.choices import Channel, ScoreSource
from cases.querysets import SupportRequestQuerySet

WORD_MAY_CHANGE = timedelta(hours=24)  # paper 5, S7


class Round(models.Model):
    """
    One attempt to satisfy the customer: 1 at first, one more for each dispute or reopening.

    Keeps its own handler, result, proof, score, comment and plan, so an earlier round is never overwritten.
    ``answered_at`` is when the customer's word on it was given first; for a day it may be changed.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="rounds")
    number = models.PositiveSmallIntegerField(_("round"))
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("handler"),
        related_name="handled_rounds",
        null=True,
        blank=True,
    )
    answered_directly = models.BooleanField(_("answered at first contact"), default=False)
    result = models.TextField(_("result"), blank=True)
    proof = models.CharField(_("proof"), max_length=500, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    answered_at = models.DateTimeField(_("first answered at"), null=True)
    solved = models.BooleanField(_("solved"), null=True)
    score = models.PositiveSmallIntegerField(_("score"), null=True)
    score_source = models.CharField(_("score given"), max_length=10, choices=ScoreSource.choices, blank=True)
    score_channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)
    comment = models.TextField(_("customer's comment"), blank=True)
    needs_plan = models.BooleanField(_("needs an improvement plan"), default=False)
    plan = models.TextField(_("improvement plan"), blank=True)
    plan_submitted_at = models.DateTimeField(_("plan submitted at"), null=True)

    class Meta:
        verbose_name = _("round")
        verbose_name_plural = _("rounds")
        ordering = ["case_id", "number"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="round_number_is_unique_in_its_case"),
            models.UniqueConstraint(
                fields=["case"], condition=Q(closed_at=None), name="round_one_is_open_per_case"
            ),
            models.CheckConstraint(
                condition=Q(score=None, score_source="")
                | (Q(score__gte=1, score__lte=5) & ~Q(score_source="")),
                name="round_score_is_1_to_5_with_its_source",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="round_numbers_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.number}"

    @property
    def lacks_plan(self) -> bool:
        return self.needs_plan and not self.plan

    @property
    def word_settles_at(self) -> datetime | None:
        """Until when the customer may change their word; None before there is one."""
        return self.answered_at + WORD_MAY_CHANGE if self.answered_at else None

    def word_may_change(self, at: datetime) -> bool:
        return self.word_settles_at is not None and at < self.word_settles_at


class SupportRequest(models.Model):
    """A supporting team (协办) asked for its part; delivery waits until it is finished or waived."""

    case = models.ForeignKey(
        "cases.Case", models.PROTECT, verbose_name=_("case"), related_name="support_requests"
    )
    round = models.ForeignKey(Round, models.PROTECT, verbose_name=_("round"), related_name="support_requests")
    team = models.ForeignKey(
        "cases.Team", models.PROTECT, verbose_name=_("supporting team"), related_name="support_requests"
    )
    request = models.TextField(_("what is asked"), blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked by"), related_name="+", null=True
    )
    requested_at = models.DateTimeField(_("asked at"))
    due_at = models.DateTimeField(_("wanted by"), null=True)
    result = models.TextField(_("result"), blank=True)
    finished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("finished by"), related_name="+", null=True
    )
    finished_at = models.DateTimeField(_("finished at"), null=True)
    waived_at = models.DateTimeField(_("waived at"), null=True)

    objects: ClassVar[SupportRequestQuerySet] = SupportRequestQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("support request")
        verbose_name_plural = _("support requests")
        ordering = ["requested_at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["case", "team"],
                condition=Q(finished_at=None, waived_at=None),
                name="support_is_asked_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(waived_at=None), name="support_is_finished_or_waived"
            ),
        ]
        indexes = [
            models.Index(
                fields=["team"], name="support_unfinished", condition=Q(finished_at=None, waived_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.team}"

    @property
    def is_unfinished(self) -> bool:
        return self.finished_at is None and self.waived_at is None
