"""The customer's way in without a login, and what slows down those who guess."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.querysets import CustomerLinkQuerySet


class CustomerLink(models.Model):
    """
    A link to one round of one case. Of its 160-bit random token only the SHA-256 is kept.

    Valid until ``expires_at`` unless revoked. Made when a notice is sent (``notice``) or by a person who
    hands it over themselves (``created_by``).
    """

    case = models.ForeignKey(
        "cases.Case", models.PROTECT, verbose_name=_("case"), related_name="customer_links"
    )
    round_number = models.PositiveSmallIntegerField(_("round"))
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    notice = models.ForeignKey(
        "cases.Notice", models.PROTECT, verbose_name=_("notice"), related_name="links", null=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made by"), related_name="+", null=True
    )
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("revoked by"), related_name="+", null=True
    )
    first_used_at = models.DateTimeField(_("first answered at"), null=True)

    objects: ClassVar[CustomerLinkQuerySet] = CustomerLinkQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("customer's link")
        verbose_name_plural = _("customers' links")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("issue_link", "May make and revoke a customer's link")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")), name="link_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.round_number}"

    def is_valid(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class Throttle(models.Model):
    """
    How often somebody knocked since ``window_at``; rows of the past mean nothing.

    ``key`` names the limit and holds a keyed hash of whom it is about, never an address.
    """

    key = models.CharField(max_length=80, primary_key=True)
    window_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("throttle")
        verbose_name_plural = _("throttles")
        default_permissions = ()

    def __str__(self) -> str:
        return self.key
