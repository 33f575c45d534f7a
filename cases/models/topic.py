"""What a case is about: the topics below the four types."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import CaseType
from cases.models.organisation import Named


class Topic(Named):
    type = models.CharField(_("type"), max_length=20, choices=CaseType.choices)
    needs_proof = models.BooleanField(
        _("needs proof"),
        default=False,
        help_text=_(
            "A result may only be delivered with proof, such as a tracking number or a repair record."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        permissions = [("import_topic", "May import topics"), ("export_topic", "May export topics")]
        ordering = ["type", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["type", "name"], name="topic_name_is_unique_in_its_type"),
            models.CheckConstraint(condition=models.Q(type__in=CaseType.values), name="topic_type_is_known"),
        ]
