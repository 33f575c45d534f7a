"""How the machinery is: the last sign of life of each of its parts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """
    When a part of the machinery last did its work, by the clock of the database.

    ``detail`` holds counts and durations in seconds of that run; never anything about a person.
    """

    name = models.CharField(_("part"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("last sign of life"))
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        ordering = ["name"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name
