"""Departments, teams and the people who log in."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import Language, Tier
from cases.contacts import NORMAL_PHONE
from cases.querysets import StaffManager


class Named(models.Model):
    """Something with a name in each language; the Chinese one identifies it."""

    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(
        _("English name"),
        max_length=80,
        blank=True,
        help_text=_("Shown on English pages; empty shows the name."),
    )
    active = models.BooleanField(_("active"), default=True, help_text=_("Unset instead of deleting."))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        if (get_language() or "").startswith("en") and self.name_en:
            return self.name_en
        return self.name


class Department(Named):
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        permissions = [
            ("import_department", "May import departments"),
            ("export_department", "May export departments"),
        ]
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="department_name_is_unique")]


class Team(Named):
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="teams"
    )
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.FRONT_LINE)
    lead = models.ForeignKey(
        "cases.Staff",
        models.PROTECT,
        verbose_name=_("team lead"),
        related_name="+",
        null=True,
        blank=True,
        help_text=_("Without one, the supervisors of the department are told instead."),
    )
    calendar = models.ForeignKey(
        "cases.WorkCalendar",
        models.PROTECT,
        verbose_name=_("calendar"),
        related_name="teams",
        null=True,
        blank=True,
        help_text=_("Working time of the team; empty takes the one of the service level."),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        permissions = [("import_team", "May import teams"), ("export_team", "May export teams")]
        ordering = ["tier", "name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="team_name_is_unique"),
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="team_tier_is_known"),
        ]


class Staff(AbstractUser):
    """A person who logs in. Never deleted: deactivated, which ends their sessions (services.staff)."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, help_text=_("As customers and record sheets show it."))
    department = models.ForeignKey(
        Department, models.PROTECT, verbose_name=_("department"), related_name="staff", null=True, blank=True
    )
    teams = models.ManyToManyField(Team, verbose_name=_("teams"), related_name="members", blank=True)
    language = models.CharField(
        _("language"), max_length=10, choices=Language.choices, default=Language.CHINESE
    )

    mobile = models.CharField(
        _("mobile number"),
        max_length=20,
        blank=True,
        help_text=_("For text messages; without one, none are sent to this person."),
    )

    objects: ClassVar[StaffManager] = StaffManager()
    # The mobile number is the person's own: who had which one is nobody's business later.
    history = HistoricalRecords(
        excluded_fields=["password", "last_login", "mobile"], m2m_fields=[teams, "groups"]
    )

    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "email"]

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        ordering = ["name", "username"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(mobile="") | models.Q(mobile__regex=NORMAL_PHONE),
                name="staff_mobile_is_normal",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @cached_property
    def team_ids(self) -> frozenset[int]:
        return frozenset(pk for pk, _department, is_mine in self._near_teams if is_mine)

    @cached_property
    def led_team_ids(self) -> frozenset[int]:
        """Teams of the department this person supervises; empty for anyone who supervises none."""
        if not self.department_id or not self.has_perm("cases.view_department_case"):
            return frozenset()
        return frozenset(pk for pk, department, _mine in self._near_teams if department == self.department_id)

    @cached_property
    def _near_teams(self) -> list[tuple[int, int, bool]]:
        """Own teams and those of the department, each with its department; one query for both."""
        mine = Exists(Staff.teams.through._default_manager.filter(staff=self.pk, team=OuterRef("pk")))
        near = Team.objects.annotate(is_mine=mine).filter(
            Q(is_mine=True) | Q(department_id=self.department_id)
        )
        return list(near.order_by().values_list("pk", "department_id", "is_mine"))

    def is_in(self, team_id: int | None) -> bool:
        return team_id in self.team_ids

    def leads(self, team_id: int | None) -> bool:
        """Supervises this team; a case without a team is led by every supervisor, so none is orphaned."""
        if team_id is None or self.is_superuser:
            return self.has_perm("cases.view_department_case")
        return team_id in self.led_team_ids

    def is_in_or_leads(self, team_id: int | None) -> bool:
        return self.is_in(team_id) or self.leads(team_id)
