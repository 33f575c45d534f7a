"""Service levels: writing a new version, and what a case would be promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cases.choices import StandardsChange
from cases.clock import database_now
from cases.exceptions import InvalidInput, NotPermitted
from cases.expected_clocks import response_time
from cases.models import LadderStep, ServiceLevel, ServiceLevelVersion, Team
from cases.services.rearming import named, next_stamp, standards_changed
from cases.standards import Standards, present_standards
from cases.worktime import add_working_time

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Staff
    from cases.standards import Traits

FIXED = ("id", "level", "number", "valid_from", "created_by", "stamp")
# What a version says; everything else of its row is about the version itself.
CONTENT = tuple(field.name for field in ServiceLevelVersion._meta.concrete_fields if field.name not in FIXED)


def _content_of(version: ServiceLevelVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in CONTENT}


@transaction.atomic
def publish_version(level: ServiceLevel, *, actor: Staff | None, **content: Any) -> ServiceLevelVersion:
    """
    Put a new version of the service level in force now; what is not given is as in the version before.

    With ``applies_to_open`` the running clocks of open cases follow in the background. Raises NotPermitted,
    and InvalidInput where nothing would change.
    """
    if actor and not actor.has_perm("cases.add_servicelevelversion"):
        raise NotPermitted
    ServiceLevel.objects.select_for_update().get(pk=level.pk)
    before = level.versions.order_by("-number").first()
    values = _content_of(before) if before else {}
    if before and all(values[name] == value for name, value in content.items()):
        raise InvalidInput("position", _("Nothing was changed."))
    highest = level.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = ServiceLevelVersion.objects.create(
        level=level,
        number=highest + 1,
        valid_from=database_now(),
        created_by=actor,
        stamp=next_stamp(),
        **values | content,
    )
    standards_changed(named(StandardsChange.SERVICE_LEVEL, f"{level.name} v{version.number}"), actor=actor)
    return version


@transaction.atomic
def rename_level(level: ServiceLevel, *, actor: Staff) -> None:
    """Keep another name, or that the level is no longer active. Raises NotPermitted."""
    if not actor.has_perm("cases.change_servicelevel"):
        raise NotPermitted
    level.save()
    standards_changed(named(StandardsChange.SERVICE_LEVEL, level.name), actor=actor)


@transaction.atomic
def save_ladder_step(step: LadderStep, *, actor: Staff) -> None:
    """Keep a new or changed step of the ladder; running clocks climb it from then on."""
    step.save()
    standards_changed(named(StandardsChange.LADDER, f"{step.kind} {step.percent} %"), actor=actor)


@dataclass(frozen=True)
class Prospect:
    """What a case would be promised: by which version, and the moment of the first response (aware)."""

    version: ServiceLevelVersion
    answered_by: datetime


def look_at_promise(traits: Traits, at: datetime, standards: Standards | None = None) -> Prospect | None:
    """
    What a case with these traits, registered at this moment, would be promised; None where no level fits.
    """
    standards = standards or present_standards()
    version = standards.version_for(traits, at)
    if version is None:
        return None
    calendar = standards.calendar(version.calendar_id or standards.default_calendar_id)
    answered_by = add_working_time(calendar, at, response_time(version, traits.urgency))
    return Prospect(version, answered_by)


def change_team_calendar(team: Team, *, actor: Staff | None) -> None:
    """To be called when a team got another calendar, in the same transaction: its clocks follow."""
    standards_changed(named(StandardsChange.TEAM_CALENDAR, team.name), actor=actor)
