"""Which team a case goes to: ordered rules, the first that fits wins."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import CaseType, Channel, Region, Stage, VipLevel


class RoutingRule(models.Model):
    """Empty criteria fit everything; rules are tried by position, then by age."""

    position = models.PositiveIntegerField(_("position"), default=100, help_text=_("Smaller is tried first."))
    type = models.CharField(_("type"), max_length=20, choices=CaseType.choices, blank=True)
    topic = models.ForeignKey(
        "cases.Topic", models.PROTECT, verbose_name=_("topic"), related_name="+", null=True, blank=True
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)
    region = models.CharField(_("region"), max_length=20, choices=Region.choices, blank=True)
    vip_from = models.PositiveSmallIntegerField(
        _("VIP level from"), choices=VipLevel.choices, default=VipLevel.NONE
    )
    stage = models.CharField(_("used for"), max_length=10, choices=Stage.choices, default=Stage.INTAKE)
    team = models.ForeignKey(
        "cases.Team", models.PROTECT, verbose_name=_("team"), related_name="routing_rules"
    )
    active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ["stage", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.position} → {self.team}"
