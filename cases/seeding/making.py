"""Made-up cases in batches: the same numbers give the same cases, in whatever process. Pure."""

from __future__ import annotations

from random import Random

from cases.choices import CaseType, Channel, Urgency
from cases.searching import search_tokens
from cases.seeding import words
from cases.seeding.days import moment_of
from cases.seeding.plots import tell
from cases.seeding.rows import Batch, CaseRow
from cases.seeding.tale import HOUR, Tale, moment
from cases.seeding.texts import ENGLISH_SHARE, description, early_one_of, one_of, product
from cases.seeding.world import Desk, World

# Paper on speed: consultation 51 %, complaint 39 %, after-sales and suggestion the rest.
TYPES = (CaseType.CONSULTATION, CaseType.COMPLAINT, CaseType.AFTER_SALES, CaseType.SUGGESTION)
TYPES_SO_FAR = (0.51, 0.90, 0.97, 1.0)
CHANNELS = tuple(
    channel.value
    for channel in (
        *(Channel.PHONE, Channel.PHONE, Channel.PHONE, Channel.WEB_CHAT, Channel.WEB_CHAT, Channel.APP),
        *(Channel.APP, Channel.SOCIAL_MEDIA, Channel.EMAIL, Channel.WEB_FORM),
    )
)
URGENCIES = tuple(
    urgency.value for urgency in (*[Urgency.NORMAL] * 7, Urgency.IMPORTANT, Urgency.IMPORTANT, Urgency.URGENT)
)


def make_batch(world: World, start: int, stop: int) -> Batch:
    """The cases with the indexes from ``start`` up to ``stop``."""
    chance = Random(f"{world.seed} {start}")
    batch = Batch()
    for index in range(start, stop):
        tale = _make(world, chance, index)
        batch.cases.append(tale.case)
        batch.rounds += tale.rounds
        batch.events += tale.events
        batch.support += tale.support
        batch.messages += tale.messages
    return batch


def _make(world: World, chance: Random, index: int) -> Tale:
    day, place, of_day = world.days.of(index)
    received = moment_of(day, place, of_day, world.zone, chance)
    counter = place + 1 + world.given.get(f"{day:%Y%m%d}", 0)
    number = f"CS{day:%Y%m%d}{counter:03d}"
    desk, back = one_of(chance, world.front), one_of(chance, world.back)
    case = _request(world, chance, index, number, received, desk)
    tale = Tale(world, chance, case, index, received)
    tell(tale, desk, back)
    return tale


def _request(world: World, chance: Random, index: int, number: str, received: int, desk: Desk) -> CaseRow:
    customers = world.customers
    who = int(customers.count * chance.random() ** 1.5)  # some come back often
    type_ = _type(chance)
    topic_id, topic = early_one_of(chance, world.topics[type_])
    english = chance.random() < ENGLISH_SHARE
    what = product(chance, english=english)
    order = f"SO{number[2:10]}{chance.randrange(10**7):07d}" if chance.random() < 0.6 else ""
    text = description(chance, type_, topic, what, english=english)
    remark = one_of(chance, words.REMARKS) if chance.random() < 0.1 else ""
    received_at = moment(received)
    return CaseRow(
        world.first_case_id + index,
        number,
        customers.first_id + who,
        customers.first_contact_id + 2 * who,
        one_of(chance, CHANNELS),
        type_,
        topic_id,
        text,
        customers.region(who),
        what,
        order,
        f"{chance.lognormvariate(5, 1):.2f}" if order else None,
        remark,
        received_at,
        moment(received + one_of(chance, (4, 8, 24, 48)) * HOUR),
        received_at,
        desk.id,
        desk.id,
        search_tokens(number, order, customers.number(who), customers.name(who), what, remark, text),
        one_of(chance, URGENCIES),
        tier=desk.tier,
        clocks_from=moment(world.now),
    )


def _type(chance: Random) -> str:
    drawn = chance.random()
    return next(type_.value for type_, so_far in zip(TYPES, TYPES_SO_FAR, strict=True) if drawn < so_far)
