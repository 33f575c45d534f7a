"""What made-up cases refer to: the teams, people, topics and customers of a seeded organisation. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from cases.choices import ContactKind, Language, Region, VipLevel
from cases.seeding.days import Days
from cases.seeding.rows import ContactRow, CustomerRow
from cases.seeding.words import SURNAMES

# At most this many events and rounds are made up for one case, so that every case owns a block of ids and
# several processes need not agree on any.
EVENT_IDS = 32
ROUND_IDS = 2
HOME_REGIONS = tuple(region.value for region in Region if region != Region.ABROAD)


@dataclass(frozen=True)
class Desk:
    """A team with its people (by id) and the person who leads its department."""

    id: int
    tier: int
    people: tuple[int, ...]
    supervisor: int


@dataclass(frozen=True)
class Customers:
    """Made-up customers, counted from 0; every fact about one follows from its number."""

    first_id: int
    first_contact_id: int
    first_number: int
    count: int

    def number(self, n: int) -> str:
        return f"C{self.first_number + n}"

    def name(self, n: int) -> str:
        return SURNAMES[n * 7919 % len(SURNAMES)] + "*"

    def region(self, n: int) -> str:
        return HOME_REGIONS[n * 31 % len(HOME_REGIONS)]

    def phone(self, n: int) -> str:
        """Nobody's: no operator was ever given the segment 154."""
        return f"+86154{(self.first_number + n) % 10**8:08d}"

    def rows(self, agents: tuple[int, ...], at: str) -> Iterator[CustomerRow]:
        for n in range(self.count):
            vip = VipLevel.NONE if n % 40 else VipLevel(n // 40 % 3 + 1)
            yield CustomerRow(
                self.first_id + n,
                self.number(n),
                self.name(n),
                self.region(n),
                vip.value,
                agents[n % len(agents)] if vip else None,
                agents[(n + 1) % len(agents)] if vip else None,
                (Language.ENGLISH if n % 12 == 0 else Language.CHINESE).value,
                at,
            )

    def contacts(self) -> Iterator[ContactRow]:
        """A phone for each, and an e-mail address for every third."""
        for n in range(self.count):
            customer, contact = self.first_id + n, self.first_contact_id + 2 * n
            yield ContactRow(contact, customer, ContactKind.PHONE.value, self.phone(n), True)
            if n % 3 == 0:
                mail = f"{self.number(n).lower()}@example.com"
                yield ContactRow(contact + 1, customer, ContactKind.EMAIL.value, mail, False)


@dataclass(frozen=True)
class World:
    """
    All that a tale draws from. ``now`` is in seconds since the epoch: nothing happens after it.

    ``given`` counts case numbers of a local day (YYYYMMDD) that are taken already.
    """

    seed: int
    now: int
    zone: tzinfo
    days: Days
    given: dict[str, int]
    front: tuple[Desk, ...]
    back: tuple[Desk, ...]
    topics: dict[str, tuple[tuple[int, str], ...]]
    customers: Customers
    first_case_id: int
    first_round_id: int
    first_event_id: int
