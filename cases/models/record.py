"""What left and what entered the system as files, and how numbers are given."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportRecord(models.Model):
    """One export: who took what out, when. Never changed."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="+", null=True
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)
    what = models.CharField(_("what"), max_length=40)
    format = models.CharField(_("format"), max_length=10)
    filters = models.JSONField(_("filter"), default=dict)
    columns = models.JSONField(_("columns"), default=list)
    rows = models.PositiveIntegerField(_("rows"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d %H:%M}"


class ImportRecord(models.Model):
    """One import that was carried out: who brought which file in, and what it changed."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="+", null=True
    )
    at = models.DateTimeField(_("at"), auto_now_add=True)
    file_name = models.CharField(_("file name"), max_length=150)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    created = models.PositiveIntegerField(_("cases created"))
    unchanged = models.PositiveIntegerField(_("cases already there"))

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.file_name} {self.at:%Y-%m-%d %H:%M}"


class NumberDay(models.Model):
    """
    Where a day's case numbers begin (``cases.services.numbers``).

    On PostgreSQL a number is ``nextval(case_number_seq) - base``; elsewhere ``last`` counts.
    """

    day = models.DateField(_("day"), primary_key=True)
    base = models.BigIntegerField(default=0)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("day of case numbers")
        verbose_name_plural = _("days of case numbers")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"


class CaseView(models.Model):
    """Who has a case's page open now: refreshed by the page, old rows mean nothing."""

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="+")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="+"
    )
    seen_at = models.DateTimeField(_("seen at"))

    class Meta:
        verbose_name = _("open page")
        verbose_name_plural = _("open pages")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "staff"], name="case_view_is_kept_once")]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.case_id}"
