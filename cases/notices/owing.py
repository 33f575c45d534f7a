"""The notices that happenings owe: rules × recipients, in the words of each reader. Writes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _

from cases.choices import Audience, NoticeChannel, NoticeState, Situation, Whom
from cases.models import Notice
from cases.notices.directory import Directory
from cases.notices.phrases import PhraseBook, Words
from cases.notices.placeholders import plain_value
from cases.notices.recipients import (
    Recipients,
    Told,
    channel_to_customer,
    channel_to_staff,
)
from cases.notices.rules import Order, RuleBook
from cases.notices.values import values_for, without_personal_data

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from cases.models import Endpoint, Staff
    from cases.notices.happenings import Happening


@dataclass
class Ground:
    """What a batch works with: the organisation, the rules and the phrases, read once."""

    at: datetime
    directory: Directory = field(init=False)
    rules: RuleBook = field(default_factory=RuleBook)
    phrases: PhraseBook = field(default_factory=PhraseBook)

    def __post_init__(self) -> None:
        self.directory = Directory(self.at)


def notices_owed(happening: Happening, ground: Ground) -> list[Notice]:
    """What this happening owes, each recipient and channel once however many rules name them."""
    found: dict[str, Notice] = {}
    for notice in Owing(happening, ground).notices():
        first = found.setdefault(notice.owed_key, notice)
        first.urgent = first.urgent or notice.urgent
    return list(found.values())


class Owing:
    """Works out one happening."""

    def __init__(self, happening: Happening, ground: Ground) -> None:
        self.happening, self.ground = happening, ground
        self.recipients = Recipients(ground.directory, happening, spared=happening.event.actor_id)
        self._replaced: dict[Staff, set[Staff]] = defaultdict(set)  # who is away → who was told instead
        self._values: dict[tuple[str, str], dict[str, str]] = {}
        self._said: dict[tuple[str, str, str], Words] = {}
        self._ways = ground.directory.ways_for(happening.case)

    def notices(self) -> Iterator[Notice]:
        orders = self.ground.rules.orders_for(self.happening)
        for order in orders:
            if order.whom == Whom.ENDPOINT:
                yield from self._to_endpoints(order)
        yield from self._to_people([o for o in orders if o.whom not in (Whom.ENDPOINT, Whom.CUSTOMER)])
        yield from self._to_customer([order for order in orders if order.whom == Whom.CUSTOMER])
        yield from self._absences()

    def _absences(self) -> Iterator[Notice]:
        for absent, told in self._replaced.items():
            yield from self._about_absence(absent, told)

    def _to_people(self, orders: Iterable[Order]) -> Iterator[Notice]:
        """Each person once by each channel, for everybody in whose place any rule has them told."""
        found: dict[tuple[str, Staff], tuple[Told, Order]] = {}
        for order in orders:
            for one in self._reached(order):
                key = (self._channel_to(one.staff, order), one.staff)
                told, first = found.get(key, (one, order))
                found[key] = (told.beside(one), replace(first, urgent=first.urgent or order.urgent))
        yield from (self._to_staff(told, order) for told, order in found.values())

    def _reached(self, order: Order) -> Iterator[Told]:
        """A mute counts for what is one's own: what is told in place of somebody else would be lost by it."""
        for one in self.recipients.told(order.whom):
            if order.required or not one.is_own or not self._is_muted(one.staff, order):
                yield one

    def _is_muted(self, person: Staff, order: Order) -> bool:
        """By the channel of the rule, or by the inbox where that is what is left of it."""
        mutes, kind = self.ground.directory.mutes, self.happening.kind
        channels = {order.channel, self._channel_to(person, order)}
        return any((person.pk, kind, channel) in mutes for channel in channels)

    def _channel_to(self, person: Staff, order: Order) -> str:
        return channel_to_staff(person, order.channel, self._ways)

    def _to_staff(self, told: Told, order: Order, situation: str = "") -> Notice:
        channel = self._channel_to(told.staff, order)
        words = self._words(situation or self.happening.situation, Audience.STAFF, told.staff.language)
        for absent in told.in_place_of:
            self._replaced[absent].add(told.staff)
            words = _in_place_of(absent, words, told.staff.language)
        return self._notice(
            f"{channel}:staff{told.staff.pk}" + (f":{situation}" if situation else ""),
            words,
            channel=channel,
            language=told.staff.language,
            urgent=order.urgent,
            situation=situation or self.happening.situation,
            staff_id=told.staff.pk,
            in_place_of_id=None if told.is_own else told.in_place_of[0].pk,
        )

    def _to_customer(self, orders: list[Order]) -> Iterator[Notice]:
        """By the one channel that reaches; who cannot be reached is a matter for the handler."""
        if not orders:
            return
        customer = self.happening.case.customer
        channel = self._customer_channel(orders)
        if channel is None:
            yield from self._instead_of_the_customer()
            return
        yield self._notice(
            f"customer{customer.pk}",
            self._words(self.happening.situation, Audience.CUSTOMER, customer.language),
            channel=channel,
            language=customer.language,
            urgent=any(order.urgent for order in orders),
            customer_id=customer.pk,
        )

    def _customer_channel(self, orders: Iterable[Order], without: Collection[str] = ()) -> str | None:
        wanted = ({order.channel for order in orders} & self._ways).difference(without)
        return channel_to_customer(self.happening.case.customer.contacts.all(), wanted)

    def instead_of(self, lost: Notice, tried: Collection[str]) -> list[Notice]:
        """
        What is owed because this notice to the customer was given up: the same words by a way not tried yet
        or, where none is left, word to the handler.
        """
        orders = self.ground.rules.orders_for(self.happening)
        channel = self._customer_channel([o for o in orders if o.whom == Whom.CUSTOMER], tried)
        if channel is None:
            return [*self._instead_of_the_customer(), *self._absences()]
        return [
            self._notice(
                f"customer{lost.customer_id}:{channel}",
                Words(lost.subject, lost.body),
                channel=channel,
                language=lost.language,
                urgent=lost.urgent,
                customer_id=lost.customer_id,
            )
        ]

    def _to_endpoints(self, order: Order) -> Iterator[Notice]:
        for endpoint in self.recipients.endpoints(order):
            yield self._notice(
                f"{endpoint.channel}:endpoint{endpoint.pk}",
                self._words_for(endpoint),
                channel=endpoint.channel,
                language=endpoint.language,
                urgent=order.urgent,
                endpoint_id=endpoint.pk,
            )

    def _instead_of_the_customer(self) -> Iterator[Notice]:
        """Also to a handler who did the deed: they do not know that the customer will not hear of it."""
        order = Order(Whom.HANDLER, NoticeChannel.INBOX, required=True)
        for one in replace(self.recipients, spared=None).told(Whom.HANDLER):
            yield self._to_staff(one, order, Situation.UNREACHABLE.value)

    def _about_absence(self, absent: Staff, told: set[Staff]) -> Iterator[Notice]:
        """The team lead learns who is away and who was told, once for each event and person."""
        names = ", ".join(sorted(str(one) for one in told))
        for boss in self.recipients.above(absent):
            if boss in told:
                continue
            more = {"absent": plain_value(absent), "stand_in": plain_value(names)}
            yield self._notice(
                f"{NoticeChannel.INBOX}:staff{boss.pk}:{Situation.ABSENCE.value}{absent.pk}",
                self._words(Situation.ABSENCE.value, Audience.STAFF, boss.language, more),
                channel=NoticeChannel.INBOX,
                language=boss.language,
                situation=Situation.ABSENCE.value,
                staff_id=boss.pk,
            )

    def _words(
        self, situation: str, audience: Audience, language: str, more: dict[str, str] | None = None
    ) -> Words:
        """The same for everybody of an audience who reads this language, unless there is ``more`` to say."""
        values, key = self._values_in(audience, language), (situation, audience.value, language)
        if more:
            return self.ground.phrases.words(situation, audience, language, values | more)
        if key not in self._said:
            self._said[key] = self.ground.phrases.words(situation, audience, language, values)
        return self._said[key]

    def _words_for(self, endpoint: Endpoint) -> Words:
        values = self._values_in(Audience.ROBOT, endpoint.language)
        allowed = values if endpoint.personal_data else without_personal_data(values)
        situation = self.happening.situation
        return self.ground.phrases.words(situation, Audience.ROBOT, endpoint.language, allowed)

    def _values_in(self, audience: Audience, language: str) -> dict[str, str]:
        key = (audience.value, language)
        if key not in self._values:
            directory = self.ground.directory
            self._values[key] = values_for(
                self.happening,
                language=language,
                audience=audience,
                staff=directory.staff,
                teams=directory.teams,
            )
        return self._values[key]

    def _notice(self, recipient: str, words: Words, **values: Any) -> Notice:
        happening, at = self.happening, self.ground.at
        values.setdefault("situation", happening.situation)
        to_us = "customer_id" not in values
        pressing = happening.is_urgent or (to_us and happening.is_breach)
        values["urgent"] = values.get("urgent", False) or pressing
        is_there = values["channel"] == NoticeChannel.INBOX
        return Notice(
            event=happening.event,
            case=happening.case,
            subject=words.subject,
            body=words.body,
            owed_key=f"{happening.event.pk}:{recipient}",
            created_at=at,
            state=NoticeState.SENT if is_there else NoticeState.WAITING,
            sent_at=at if is_there else None,
            next_attempt_at=None if is_there else at,
            **values,
        )


def _in_place_of(absent: Staff, words: Words, language: str) -> Words:
    """With a line that says for whom it was meant."""
    with translation.override(language):
        line = _("In place of %(name)s, who is away.") % {"name": plain_value(absent)}
    return Words(words.subject, f"{words.body}\n\n{line}")


def notices_of(happenings: Iterable[Happening], ground: Ground) -> list[Notice]:
    return [notice for happening in happenings for notice in notices_owed(happening, ground)]
