"""Which ways to people are set up: a mail server, and for each team the gateway of its text messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from django.conf import settings

from cases.choices import NoticeChannel
from cases.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class Gateways:
    """A team's own gateway comes first, then the one that is nobody's own; of several the oldest."""

    own: dict[int, Endpoint] = field(default_factory=dict)
    common: Endpoint | None = None

    @classmethod
    def read(cls) -> Gateways:
        """As they are now; one query."""
        return cls.among(Endpoint.objects.filter(channel=NoticeChannel.SMS, active=True).order_by("pk"))

    @classmethod
    def among(cls, endpoints: Iterable[Endpoint]) -> Gateways:
        """``endpoints`` are active ones in the order of their age, of whatever channel."""
        own: dict[int, Endpoint] = {}
        common: Endpoint | None = None
        for endpoint in endpoints:
            if endpoint.channel != NoticeChannel.SMS:
                continue
            if endpoint.team_id is None:
                common = common or endpoint
            else:
                own.setdefault(endpoint.team_id, endpoint)
        return cls(own, common)

    def for_team(self, team_id: int | None) -> Endpoint | None:
        """The one a text message about a case of this team goes through; None where there is none."""
        return self.own.get(team_id or 0, self.common)

    @property
    def of_no_case(self) -> Endpoint | None:
        """What is about no one case (a digest) goes through the common one, else through the oldest."""
        return self.common or min(self.own.values(), key=attrgetter("pk"), default=None)

    def __iter__(self) -> Iterator[Endpoint]:
        yield from self.own.values()
        if self.common:
            yield self.common


def ways_to_people(gateways: Gateways, team_id: int | None) -> set[str]:
    """E-mail and text message, as far as they are set up for cases of this team."""
    ways: set[str] = set()
    if mail_is_set_up():
        ways.add(NoticeChannel.EMAIL.value)
    if gateways.for_team(team_id):
        ways.add(NoticeChannel.SMS.value)
    return ways


def mail_is_set_up() -> bool:
    """There is a mail server, or mail is kept on this machine; other backends than ours need no server."""
    is_ours = settings.EMAIL_BACKEND.endswith("DeadlineBackend")
    return settings.OUTGOING == "catch" or not is_ours or bool(settings.EMAIL_HOST)
