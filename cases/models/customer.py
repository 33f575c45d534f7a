"""Customers and how they can be reached."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import ContactKind, Language, Region, VipLevel
from cases.contacts import NORMAL_EMAIL, NORMAL_PHONE, mask_contact
from cases.querysets import CustomerQuerySet

CUSTOMER_NUMBER = r"^C[0-9]{1,18}$"


class Customer(models.Model):
    number = models.CharField(_("customer number"), max_length=20)
    name = models.CharField(_("name"), max_length=120, blank=True)
    region = models.CharField(_("region"), max_length=20, choices=Region.choices, blank=True)
    vip_level = models.PositiveSmallIntegerField(
        _("VIP level"), choices=VipLevel.choices, default=VipLevel.NONE
    )
    dedicated_agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("dedicated agent"),
        related_name="dedicated_customers",
        null=True,
        blank=True,
    )
    stand_in = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("stand-in"),
        related_name="stand_in_customers",
        null=True,
        blank=True,
    )
    language = models.CharField(
        _("language"), max_length=10, choices=Language.choices, default=Language.CHINESE
    )
    notes = models.TextField(_("notes"), blank=True)
    active = models.BooleanField(_("active"), default=True, help_text=_("Unset instead of deleting."))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = CustomerQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["number"]
        permissions = [
            ("reveal_contact", "May see a customer's contact data, with a reason"),
            ("import_customer", "May import customers"),
            ("export_customer", "May export customers"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="customer_number_is_unique"),
            models.CheckConstraint(
                condition=models.Q(number__regex=CUSTOMER_NUMBER), name="customer_number_has_its_pattern"
            ),
            models.CheckConstraint(
                condition=~models.Q(stand_in=models.F("dedicated_agent")), name="customer_stand_in_is_another"
            ),
            models.CheckConstraint(
                condition=models.Q(vip_level__in=VipLevel.values), name="customer_vip_level_is_known"
            ),
        ]
        indexes = [models.Index(fields=["name"], name="customer_by_name")]

    def __str__(self) -> str:
        return f"{self.number} {self.name}".rstrip()

    @property
    def is_vip(self) -> bool:
        return self.vip_level > VipLevel.NONE


class CustomerContact(models.Model):
    """One way to reach a customer, in its normal form (``cases.contacts``): two spellings are one contact."""

    customer = models.ForeignKey(
        Customer, models.PROTECT, verbose_name=_("customer"), related_name="contacts"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ContactKind.choices)
    value = models.CharField(_("contact"), max_length=254)
    preferred = models.BooleanField(_("preferred"), default=False)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["customer_id", "-preferred", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "value"], name="contact_is_kept_once"),
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(preferred=True), name="contact_one_is_preferred"
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=ContactKind.PHONE) | models.Q(value__regex=NORMAL_PHONE),
                name="contact_phone_is_normal",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind=ContactKind.EMAIL) | models.Q(value__regex=NORMAL_EMAIL),
                name="contact_email_is_normal",
            ),
        ]
        indexes = [models.Index(fields=["value"], name="contact_by_value")]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """What a list may show: 138****1234, l****@example.com, or the first character."""
        return mask_contact(self.kind, self.value)


class ContactAccess(models.Model):
    """Who looked at a customer's contact data, when and why. Never changed, never deleted."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="+"
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, verbose_name=_("customer"), related_name="contact_accesses"
    )
    reason = models.CharField(_("reason"), max_length=500)
    at = models.DateTimeField(_("at"), auto_now_add=True)

    class Meta:
        verbose_name = _("look at contact data")
        verbose_name_plural = _("looks at contact data")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="contact_access_has_a_reason")
        ]

    def __str__(self) -> str:
        return f"{self.staff} {self.customer}"
