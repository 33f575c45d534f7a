"""Whom a rule means in one happening, and who is really told: absences, sight and reach considered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.choices import ContactKind, NoticeChannel, Role, Whom
from cases.contacts import takes_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from cases.models import CustomerContact, Endpoint, Staff
    from cases.notices.directory import Directory
    from cases.notices.happenings import Happening
    from cases.notices.rules import Order


@dataclass(frozen=True)
class Told:
    """One person who is told, perhaps in place of others who are away."""

    staff: Staff
    in_place_of: tuple[Staff, ...] = ()

    @property
    def is_own(self) -> bool:
        return not self.in_place_of

    def beside(self, other: Told) -> Told:
        """The same person, told for everybody of both."""
        return Told(self.staff, tuple(dict.fromkeys((*self.in_place_of, *other.in_place_of))))


@dataclass(frozen=True)
class Recipients:
    """Answers for one happening: never the one who is spared, nor those who may not see the case."""

    directory: Directory
    happening: Happening
    spared: int | None = None  # who did the deed, and knows

    def told(self, whom: str) -> list[Told]:
        """
        Each person once; of somebody who is away, who stands in or, where nobody does, who leads.

        Who is told for somebody else and is meant as well counts as told for the other: that is what their
        own mutes must not swallow, and what the lead has to know.
        """
        found: dict[int, Told] = {}
        for person in self._meant(whom):
            if person.pk == self.spared or not self.sees(person):
                continue
            for one in self._present(person):
                pk = one.staff.pk
                if pk != self.spared:
                    found[pk] = found[pk].beside(one) if pk in found else one
        return list(found.values())

    def _meant(self, whom: str) -> list[Staff]:
        find = MEANT.get(whom)
        return find(self) if find else []

    def _present(self, person: Staff) -> list[Told]:
        if self.directory.is_present(person):
            return [Told(person)]
        stand_in = self.directory.stand_in_for(person)
        if stand_in and stand_in.is_active and self.sees(stand_in):
            return [Told(stand_in, (person,))]
        above = [Told(boss, (person,)) for boss in self.above(person)]
        # Nobody at all is left: it waits in the person's own inbox rather than nowhere.
        return above or ([Told(person)] if person.is_active else [])

    def above(self, person: Staff) -> list[Staff]:
        """The lead of their team, else its supervisors, else managers: whoever is there and sees the case."""
        team_id, directory = self._team_of(person), self.directory
        for line in (
            directory.leads_of(team_id),
            directory.supervisors_of(team_id),
            directory.with_role(Role.MANAGER),
        ):
            there = [
                one for one in line if one.pk not in (person.pk, self.spared) and directory.is_present(one)
            ]
            if found := [one for one in there if self.sees(one)]:
                return found
        return []

    def _team_of(self, person: Staff) -> int | None:
        """For which team this person is told: that of the case or, where they are not of it, one it asks."""
        main, asked = self.happening.team_id, self.happening.asked_team_ids
        return next((pk for pk in (main, *asked) if person in self.directory.members_of(pk)), main)

    def sees(self, person: Staff) -> bool:
        supporting = self.happening.supports.values()
        return self.directory.sees(person, self.happening.case, [*supporting])

    def on_duty(self) -> list[Staff]:
        found = self.directory.on_duty(self.happening.team_id, self.happening.case.channel)
        return found or self.directory.leads_of(self.happening.team_id)

    def handler(self) -> list[Staff]:
        """Of a case that nobody has in hand, whoever is on duty: it must not go unheard."""
        handler = self.directory.staff.get(self.happening.handler_id or 0)
        return [handler] if handler else self.on_duty()

    def supporters(self) -> list[Staff]:
        asked = self.happening.asked_team_ids
        return [person for team_id in asked for person in self.directory.members_of(team_id)]

    def endpoints(self, order: Order) -> list[Endpoint]:
        """The one the rule names, or all of this channel; only of this team, or of all."""
        wanted = [one for one in self.directory.endpoints if one.channel == order.channel]
        if order.endpoint:
            wanted = [one for one in wanted if one.pk == order.endpoint.pk]
        return [one for one in wanted if one.team_id in (None, self.happening.team_id)]


MEANT: dict[str, Callable[[Recipients], list[Staff]]] = {
    Whom.HANDLER: Recipients.handler,
    Whom.ON_DUTY: Recipients.on_duty,
    Whom.TEAM: lambda self: self.directory.members_of(self.happening.team_id),
    Whom.TEAM_LEAD: lambda self: self.directory.leads_of(self.happening.team_id),
    Whom.SUPPORT_TEAM: Recipients.supporters,
    Whom.SUPERVISOR: lambda self: self.directory.supervisors_of(self.happening.team_id),
    Whom.MANAGER: lambda self: self.directory.with_role(Role.MANAGER),
    Whom.ADMINISTRATOR: lambda self: self.directory.with_role(Role.ADMINISTRATOR),
}


def channel_to_staff(person: Staff, channel: str, ways: Collection[str]) -> str:
    """The inbox, where this person has no address for the channel, or it is none of the ways to people."""
    reaches: dict[str, bool] = {
        NoticeChannel.EMAIL: bool(person.email),
        NoticeChannel.SMS: takes_texts(person.mobile),
    }
    return channel if channel in ways and reaches.get(channel) else NoticeChannel.INBOX.value


def channel_to_customer(contacts: Iterable[CustomerContact], wanted: Collection[str]) -> str | None:
    """
    The one channel that reaches: e-mail before text message, never both; None where neither does.

    Service numbers and landlines get no text messages.
    """
    kinds = {row.kind for row in contacts if row.kind != ContactKind.PHONE or takes_texts(row.value)}
    for channel, kind in ((NoticeChannel.EMAIL, ContactKind.EMAIL), (NoticeChannel.SMS, ContactKind.PHONE)):
        if channel in wanted and kind in kinds:
            return channel.value
    return None
