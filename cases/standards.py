"""
Calendars, service levels and ladder as a process remembers them between two changes.

Reckoning a deadline needs all of them, and they change rarely: they are read once for each change
(``StandardsStamp``), which every write of a case looks at.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cases.choices import JobState, LadderAction
from cases.models import LadderStep, Rearming, ServiceLevelVersion, StandardsStamp, WorkCalendar
from cases.worktime import ROUND_THE_CLOCK, CalendarFacts, PreparedCalendar

if TYPE_CHECKING:
    from datetime import datetime

BREACH = 100  # per cent of a budget: the deadline itself


@dataclass(frozen=True)
class Traits:
    """What service levels look at; empty traits fit only versions that do not ask for them."""

    urgency: str
    type: str
    channel: str
    team_id: int | None
    vip_level: int


@dataclass(frozen=True)
class Earlier:
    """The calendars as they were up to the next change, which came at ``until``."""

    until: datetime
    calendars: dict[int, PreparedCalendar]


@dataclass(frozen=True)
class Standards:
    """
    All standards after change ``number``. ``versions`` are in the order in which they are tried;
    ``earlier`` are, by the number of their change, the calendars of clocks that are not yet reckoned anew;
    ``announced`` the years whose public holidays are known, of calendars that follow a country's.
    """

    number: int
    calendars: dict[int, PreparedCalendar] = field(default_factory=dict)
    default_calendar_id: int | None = None
    versions: tuple[ServiceLevelVersion, ...] = ()
    percents: dict[str, tuple[int, ...]] = field(default_factory=dict)
    actions: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    earlier: dict[int, Earlier] = field(default_factory=dict)
    announced: dict[int, frozenset[int]] = field(default_factory=dict)

    def calendar(self, calendar_id: int | None) -> PreparedCalendar:
        """Working time of this calendar; None is round the clock."""
        return ROUND_THE_CLOCK if calendar_id is None else self.calendars[calendar_id]

    def levels_of(self, kind: str) -> tuple[int, ...]:
        """
        Per cents at which something happens to a clock of this kind, ascending; always with the deadline.
        """
        return self.percents.get(kind, (BREACH,))

    def levels_above(self, kind: str, percent: int) -> tuple[int, ...]:
        return tuple(level for level in self.levels_of(kind) if level > percent)

    def since(self, number: int) -> list[Earlier]:
        """What the calendars were from this change on, one after the other, up to the last change."""
        return [self.earlier[change] for change in sorted(self.earlier) if change >= number]

    def version_for(self, traits: Traits, received_at: datetime) -> ServiceLevelVersion | None:
        """
        The version a case with these traits began with, or None where no service level fits.

        Of each level counts the newest version that was in force at ``received_at`` or was made for open
        cases too; of those that fit, the first by position.
        """
        newest: dict[int, ServiceLevelVersion] = {}
        for version in self.versions:
            known = newest.get(version.level_id)
            if version.applies_to(received_at) and (known is None or version.number > known.number):
                newest[version.level_id] = version
        return next((v for v in self.versions if newest.get(v.level_id) is v and fits(v, traits)), None)


def fits(version: ServiceLevelVersion, traits: Traits) -> bool:
    """Whether the version is in use and every criterion it names is met."""
    asked = (
        (version.urgency, traits.urgency),
        (version.type, traits.type),
        (version.channel, traits.channel),
        (version.team_id, traits.team_id),
    )
    met = all(not wanted or wanted == found for wanted, found in asked)
    return version.in_use and version.level.active and met and version.vip_from <= traits.vip_level


_remembered: dict[str, tuple[UUID, Standards]] = {}


def forget_standards() -> None:
    """Read them anew the next time, for whoever writes standards past the services (a restore, a test)."""
    _remembered.clear()


def present_standards() -> Standards:
    """The standards in force now; one statement when this process knows them already."""
    stamp = StandardsStamp.objects.values_list("number", "key").first()
    return Standards(0) if stamp is None else remembered_standards(*stamp)


def remembered_standards(number: int, key: UUID) -> Standards:
    """The standards of this change; read when this process does not know them yet."""
    known = _remembered.get("standards")
    if known is None or known[0] != key:
        known = _remembered["standards"] = (key, read_standards(number))
    return known[1]


def read_standards(number: int) -> Standards:
    """Every standard as the database has it now, filed under change ``number``."""
    calendars = list(WorkCalendar.objects.prefetch_related("windows", "days", "years"))
    versions: Any = ServiceLevelVersion.objects.select_related("level")
    percents, actions = _read_ladder()
    return Standards(
        number=number,
        calendars={calendar.pk: PreparedCalendar(calendar.facts()) for calendar in calendars},
        default_calendar_id=next((calendar.pk for calendar in calendars if calendar.is_default), None),
        versions=tuple(versions.order_by("position", "level_id", "-number")),
        percents=percents,
        actions=actions,
        earlier=_earlier_calendars(),
        announced={
            calendar.pk: frozenset(row.year for row in calendar.years.all())
            for calendar in calendars
            if calendar.country
        },
    )


def _read_ladder() -> tuple[dict[str, tuple[int, ...]], dict[tuple[str, int], tuple[str, ...]]]:
    """By kind of clock its levels; by kind and level what the system does."""
    percents: dict[str, set[int]] = defaultdict(lambda: {BREACH})
    actions: dict[tuple[str, int], set[str]] = defaultdict(set)
    steps = LadderStep.objects.filter(active=True)
    for kind, percent, action in steps.values_list("kind", "percent", "action"):
        percents[kind].add(percent)
        if action != LadderAction.NOTHING:
            actions[kind, percent].add(action)
    return (
        {kind: tuple(sorted(found)) for kind, found in percents.items()},
        {level: tuple(sorted(found)) for level, found in actions.items()},
    )


def _earlier_calendars() -> dict[int, Earlier]:
    """Of changes whose clocks still follow, and of the last two: a slow transaction may yet write one."""
    changes = list(Rearming.objects.order_by("stamp"))
    return {
        change.stamp: Earlier(following.requested_at, _prepared(change.calendars))
        for change, following in pairwise(changes)
        if following.state != JobState.DONE or following in changes[-2:]
    }


def _prepared(calendars: dict[str, Any]) -> dict[int, PreparedCalendar]:
    return {int(pk): PreparedCalendar(CalendarFacts.from_json(kept)) for pk, kept in calendars.items()}
