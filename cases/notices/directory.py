"""Whoever may have to be told, read once: who is where, who is away, who has which role and sees what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.models import Group
from django.utils.functional import cached_property

from cases.choices import Role
from cases.models import Endpoint, NoticeMute, Staff, Team
from cases.notices.ways import Gateways, ways_to_people
from cases.rosters import StandIns, shifts_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from cases.models import Case

Key = TypeVar("Key")

BACKEND = "cases.backends.RoleBackend"
ADDRESS_BOOK = ("name", "username", "email", "mobile", "language", "department_id", "is_active")


@dataclass
class Directory:
    """The organisation at one moment, in a number of queries that does not depend on how many are told."""

    at: datetime

    @cached_property
    def staff(self) -> dict[int, Staff]:
        return {person.pk: person for person in Staff.objects.only(*ADDRESS_BOOK).order_by("pk")}

    @cached_property
    def teams(self) -> dict[int, Team]:
        return {team.pk: team for team in Team.objects.select_related("department")}

    @cached_property
    def endpoints(self) -> list[Endpoint]:
        return list(Endpoint.objects.filter(active=True).order_by("pk"))

    @cached_property
    def _gateways(self) -> Gateways:
        return Gateways.among(self.endpoints)

    def ways_for(self, case: Case) -> set[str]:
        """By which of e-mail and text message people can be told of this case."""
        return ways_to_people(self._gateways, case.team_id)

    @cached_property
    def mutes(self) -> frozenset[tuple[int, str, str]]:
        return frozenset(NoticeMute.objects.values_list("staff_id", "event_kind", "channel"))

    @cached_property
    def _stand_ins(self) -> StandIns:
        return StandIns(self.at)

    @cached_property
    def _turns(self) -> dict[int, list[tuple[str, int]]]:
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for team_id, channel, who in shifts_at(self.at).values_list("team_id", "channel", "staff_id"):
            found[team_id].append((channel, who))
        return found

    @cached_property
    def _members(self) -> dict[int, list[int]]:
        pairs = Staff.teams.through.objects.order_by("staff_id").values_list("team_id", "staff_id")
        return _grouped(pairs)

    @cached_property
    def _teams_of(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for team, people in self._members.items():
            for person in people:
                found[person].add(team)
        return found

    @cached_property
    def _roles(self) -> dict[str, list[int]]:
        groups = Group.objects.order_by("user").filter(user__isnull=False)
        return _grouped(groups.values_list("name", "user"))

    @cached_property
    def _see_everything(self) -> frozenset[int]:
        return self._with_right("cases.view_every_case")

    @cached_property
    def _see_departments(self) -> frozenset[int]:
        return self._with_right("cases.view_department_case")

    def _with_right(self, right: str) -> frozenset[int]:
        able = Staff.objects.with_perm(right, backend=BACKEND).order_by()
        return frozenset(able.values_list("pk", flat=True))

    def is_present(self, person: Staff) -> bool:
        return self._stand_ins.is_present(person)

    def _active(self, ids: Iterable[int]) -> list[Staff]:
        return [person for pk in ids if (person := self.staff[pk]).is_active]

    def members_of(self, team_id: int | None) -> list[Staff]:
        return self._active(self._members.get(team_id or 0, ()))

    def with_role(self, role: Role) -> list[Staff]:
        return self._active(self._roles.get(role.value, ()))

    def supervisors_of(self, team_id: int | None) -> list[Staff]:
        """Of the department of the team, of a case without a team all; where there are none, the managers."""
        found = self.with_role(Role.SUPERVISOR)
        if team_id is not None:
            department = self.teams[team_id].department_id
            found = [person for person in found if person.department_id == department]
        return found or self.with_role(Role.MANAGER)

    def leads_of(self, team_id: int | None) -> list[Staff]:
        """The team lead; of a team without one, the supervisors."""
        lead = self.staff.get(self.teams[team_id].lead_id or 0) if team_id else None
        return [lead] if lead and lead.is_active else self.supervisors_of(team_id)

    def on_duty(self, team_id: int | None, channel: str) -> list[Staff]:
        """
        Whose turn it is by the roster, be they there or away; where the roster names nobody, the members of
        the team who are there.
        """
        turns = self._turns.get(team_id or 0, ())
        named = sorted({who for of_channel, who in turns if of_channel in ("", channel)})
        return self._active(named) or [one for one in self.members_of(team_id) if self.is_present(one)]

    def stand_in_for(self, person: Staff) -> Staff | None:
        found = self._stand_ins.of(person)
        return self.staff[found.pk] if found else None

    def sees(self, person: Staff, case: Case, supporting: Collection[int]) -> bool:
        """
        Whether this person may see the case, which is supported by these teams.

        The rule of ``CaseQuerySet.visible_to`` for rows that are at hand; a test compares the two.
        """
        if person.pk in self._see_everything or case.handler_id == person.pk:
            return True
        own = self._teams_of.get(person.pk, set())
        if own & {case.team_id, case.intake_team_id, *supporting}:
            return True
        if person.pk not in self._see_departments:
            return False
        return case.team_id is None or bool(
            person.department_id and {*self._departments_of(case)} & {person.department_id}
        )

    def _departments_of(self, case: Case) -> Iterable[int]:
        return (self.teams[pk].department_id for pk in (case.team_id, case.intake_team_id) if pk)


def _grouped(pairs: Iterable[tuple[Key, int]]) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)
