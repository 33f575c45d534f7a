"""F2: nobody ticks for a day. What was due is noticed once each, in its order, soon, and without a storm."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from cases.benchmarks.made_clocks import make_clocks, put_away
from cases.clock import database_now
from cases.models import Case, CaseEvent, Escalation, EventKind, NoticeRule, Staff, Timer
from cases.seeding.bulk import seed_cases
from tests.faults.processes import until
from tests.faults.world import bring_due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cases.benchmarks.made_clocks import Making
    from tests.faults.trial import Trial

DAY = timedelta(days=1)
MANY = 10_000  # clocks of a big trial
BIG_ONE_IN = 10  # trials
CAUGHT_UP_WITHIN = 60.0  # seconds from the start of ticker and beat
SETTLE_OF_MANY = 240.0  # seconds in which everybody has been told as well
# Several tick at once, each a batch at a time; so much later than one due after it, nobody is by that alone.
ABREAST = timedelta(seconds=3)
# More than twenty that wait for a person become one mail: so many they may get one by one, and then digests.
MOST_MAILS = 40


def f2_nobody_ticks_for_a_day(trial: Trial) -> None:
    big = is_big(trial)
    for name in ("beat", "ticker"):
        trial.kill(name)
    making = _make_many_clocks(trial) if big else None
    mails, before = _mails_by_person(trial), _last_level()
    trial.outage = DAY
    due = _shift_made(making) if making else bring_due(Q(), 1, earlier=DAY)
    back_at = database_now()
    for name in ("ticker", "beat"):
        trial.ground.programs[name].start()
    late = Escalation.objects.filter(pk__gt=before, lateness__gte=DAY - timedelta(hours=1))
    if not until(lambda: late.count() >= due, CAUGHT_UP_WITHIN, every=0.2):
        trial.blame("F2 all that was due in a day is noticed within a minute", late.count(), due)
    if overtaken := out_of_order(_noticed(before, back_at)):
        trial.blame("F2 what was due first is noticed first", len(overtaken), *overtaken[:5])
    if making:
        _tell_everybody(trial, making)
    _blame_storm(trial, mails)


def is_big(trial: Trial) -> bool:
    """One in ten, and the last in any case, where so many are asked for."""
    turn = trial.number + 1
    return trial.many >= BIG_ONE_IN and (turn % BIG_ONE_IN == 0 or turn == trial.many)


def _last_level() -> int:
    return Escalation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _make_many_clocks(trial: Trial) -> Making:
    """
    On cases of their own, not due for a day yet. Webhooks are not told of levels meanwhile: ten thousand
    would be on their way for a quarter of an hour, as their rate is bounded.
    """
    trial.settle_within = SETTLE_OF_MANY
    NoticeRule.objects.filter(event_kind=EventKind.ESCALATE, channel="webhook").update(active=False)
    if Case.objects.filter(customer__number__gte="C100000").count() < MANY:
        seed_cases(MANY, seed=trial.number, processes=1)
    begin = database_now() + DAY
    return make_clocks([begin + timedelta(milliseconds=number) for number in range(MANY)])


def _shift_made(making: Making) -> int:
    """They were due a day ago; two days earlier than they were made for."""
    return Timer.objects.filter(pk__in=making.pks).update(next_at=F("next_at") - 2 * DAY)


def _tell_everybody(trial: Trial, making: Making) -> None:
    """Once each; and then they are put away, so that later trials are not about them."""
    levels = Escalation.objects.filter(timer__in=making.pks)
    if levels.count() != len(making.pks) or levels.values("timer").distinct().count() != len(making.pks):
        trial.blame("F2 each of many clocks is noticed once", levels.count(), len(making.pks))
    until(lambda: not levels.filter(event__announcement__isnull=False).exists(), trial.settle_within, every=1)
    put_away(making)
    NoticeRule.objects.filter(event_kind=EventKind.ESCALATE, channel="webhook").update(active=True)


def _noticed(before: int, back_at: datetime) -> list[tuple[datetime, datetime]]:
    """When each level that was late by a day was due and noticed; not of cases others were at work on."""
    of_others = CaseEvent.objects.filter(case=OuterRef("case"), at__gte=back_at).exclude(pk=OuterRef("event"))
    levels = Escalation.objects.filter(pk__gt=before, lateness__gte=DAY - timedelta(hours=1))
    return list(levels.exclude(Exists(of_others)).values_list("planned_at", "fired_at"))


def out_of_order(levels: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Levels noticed later than one that was due after them, by more than ABREAST."""
    overtaken = []
    earliest_of_later: datetime | None = None
    for planned_at, fired_at in sorted(levels, reverse=True):
        if earliest_of_later and fired_at > earliest_of_later + ABREAST:
            overtaken.append((planned_at, fired_at))
        earliest_of_later = min(fired_at, earliest_of_later or fired_at)
    return overtaken


def _mails_by_person(trial: Trial) -> Counter[str]:
    """How many mails each member of staff has been sent."""
    lines = (trial.ground.folder / "mail.jsonl").read_text().splitlines()
    staff = set(Staff.objects.exclude(email="").values_list("email", flat=True))
    return Counter(address for line in lines if (address := json.loads(line)["path"]) in staff)


def _blame_storm(trial: Trial, before: Counter[str]) -> None:
    sent = _mails_by_person(trial) - before
    if storm := {address: many for address, many in sent.items() if many > MOST_MAILS}:
        trial.blame("F2 an outage is no storm of mail", storm)
