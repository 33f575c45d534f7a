"""F2: nobody ticks for a day. What was due is noticed once each, in its order, soon, and without a storm."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection

from cases.choices import NoticeChannel, NoticeState
from cases.clock import database_now
from cases.models import CaseEvent, Escalation, Heartbeat, Notice, Staff, Timer
from tests.faults.many import make_many_clocks
from tests.faults.processes import until
from tests.faults.world import bring_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tests.faults.trial import Trial

DAY = timedelta(days=1)
BIG_ONE_IN = 10  # trials
CAUGHT_UP_WITHIN = 60.0  # seconds from the start of ticker and beat
SETTLE_OF_MANY = 300.0  # seconds in which everybody has been told as well
# Several tick at once, each a batch at a time, and the first of a program that has just begun takes seconds;
# so much later than one due after it, nobody is by that alone.
ABREAST = timedelta(seconds=5)
QUIET = timedelta(seconds=2)  # two ticks of the hurried schedule
WORKED_OFF_WITHIN = 20.0  # seconds; a wake-up that nobody took in nine means nothing
# More than twenty that wait for a person become one mail: so many they may get one by one, and then digests.
MOST_MAILS = 40
# A day late, one a millisecond after the other.
IN_TURN = """
    UPDATE cases_timer SET next_at = now() - interval '1 day' + given.place * interval '1 millisecond'
    FROM unnest(%s::bigint[]) WITH ORDINALITY AS given (id, place) WHERE cases_timer.id = given.id
"""


def f2_nobody_ticks_for_a_day(trial: Trial) -> None:
    for name in ("beat", "ticker"):
        trial.kill(name)
    # What beat had asked for is still worked off: a tick amid what is brought due would know no order.
    if not until(_nobody_ticks, WORKED_OFF_WITHIN):
        trial.blame("F2 without beat and ticker nobody ticks")
    trial.outage = DAY
    mails, before = _mails_by_person(trial), _last_level()
    due = _many_overdue(trial) if is_big(trial) else bring_due(trial.world.ours, 1, earlier=DAY)
    back_at = database_now()
    for name in ("ticker", "beat"):
        trial.ground.programs[name].start()
    waiting = Timer.objects.filter(pk__in=due, next_at__lte=back_at - DAY / 2)
    if not until(lambda: not waiting.exists(), CAUGHT_UP_WITHIN, every=0.2):
        trial.blame("F2 all that was due in a day is noticed within a minute", waiting.count(), len(due))
    if overtaken := out_of_order(_noticed(before, back_at)):
        trial.blame("F2 what was due first is noticed first", len(overtaken), *overtaken[:5])
    if is_big(trial):
        _blame_of_many(trial, due)
    if not until(lambda: _is_told(due), trial.settle_within, every=0.5):
        trial.blame("F2 everybody is told of what was due")
    _blame_storm(trial, mails)


def _nobody_ticks() -> bool:
    last = Heartbeat.objects.filter(name="tick").values_list("at", flat=True).first()
    return last is None or database_now() - last > QUIET


def is_big(trial: Trial) -> bool:
    """One in ten, and the last in any case, where so many are asked for."""
    turn = trial.number + 1
    return trial.many >= BIG_ONE_IN and (turn % BIG_ONE_IN == 0 or turn == trial.many)


def _last_level() -> int:
    return Escalation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _many_overdue(trial: Trial) -> list[int]:
    """Clocks of cases nobody works on."""
    trial.settle_within = SETTLE_OF_MANY
    due = make_many_clocks(trial.world)
    with connection.cursor() as cursor:
        cursor.execute(IN_TURN, [due])
    return due


def _blame_of_many(trial: Trial, due: list[int]) -> None:
    """Each once."""
    levels = Escalation.objects.filter(timer__in=due)
    clocks, noticed = levels.values("timer").distinct().count(), levels.count()
    if not clocks == noticed == len(due):
        trial.blame("F2 each of many clocks is noticed once", clocks, noticed, len(due))


def _is_told(due: Sequence[int]) -> bool:
    """Nothing about these clocks waits to be worked out or mailed any more."""
    levels = Escalation.objects.filter(timer__in=due)
    mails = Notice.objects.filter(
        event__escalation__in=levels, channel=NoticeChannel.EMAIL, state=NoticeState.WAITING
    )
    return not (levels.filter(event__announcement__isnull=False).exists() or mails.exists())


def _noticed(before: int, back_at: datetime) -> list[tuple[datetime, datetime]]:
    """When each level that was late by a day was due and noticed; not of cases others were at work on."""
    levels = Escalation.objects.filter(pk__gt=before, lateness__gte=DAY / 2)
    rows = list(levels.values_list("event", "case", "planned_at", "fired_at"))
    events = {row[0] for row in rows}
    since = CaseEvent.objects.filter(at__gte=back_at).values_list("pk", "case")
    at_work_on = {case for event, case in since if event not in events}
    return [(planned_at, fired_at) for _e, case, planned_at, fired_at in rows if case not in at_work_on]


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
    file = trial.ground.folder / "mail.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    staff = set(Staff.objects.exclude(email="").values_list("email", flat=True))
    return Counter(address for line in lines if (address := json.loads(line)["path"]) in staff)


def _blame_storm(trial: Trial, before: Counter[str]) -> None:
    sent = _mails_by_person(trial) - before
    if storm := {address: many for address, many in sent.items() if many > MOST_MAILS}:
        trial.blame("F2 an outage is no storm of mail", storm, _sent_to(storm))


def _sent_to(addresses: Iterable[str]) -> Counter[tuple[str, bool, int | None]]:
    """By situation, urgency and per cent: what the storm was made of."""
    mine = Notice.objects.filter(staff__email__in=addresses, channel="email", sent_at__isnull=False)
    return Counter(mine.values_list("situation", "urgent", "event__escalation__percent"))
