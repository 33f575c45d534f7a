"""The faults of the reliability paper (5.2): what each breaks, and how it is healed again."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from django.db import connection, connections
from django.utils import timezone

from cases.choices import NoticeState, State
from cases.models import Case, CaseEvent, ChannelSetting, Endpoint, Escalation, Notice
from tests.faults.browser import Browser
from tests.faults.ground import LEASE
from tests.faults.load import ADD, CASE_PAGE, moment_in_four_hours
from tests.faults.processes import until
from tests.faults.world import PASSWORD, World, a_type, spread_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.ground import Ground
    from tests.faults.load import Journal
    from tests.gateways import Talk

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
DAY = timedelta(days=1)
BREAK = 2.0  # seconds something stays broken; of 60 s scaled down


@dataclass
class Trial:
    """What a fault may touch. ``found`` gathers what it saw to be wrong itself."""

    ground: Ground
    world: World
    journal: Journal
    number: int
    found: dict[str, list[Any]]
    killed_while_sending: int = 0
    outage: timedelta = timedelta(0)  # by which all that was due is late whatever anybody does

    def wait(self, most: float = BREAK) -> None:
        """A random while: a fault knows nothing of what the others are doing."""
        time.sleep(random.uniform(0, most))

    def blame(self, promise: str, *rows: Any) -> None:
        self.found.setdefault(promise, []).extend(rows)


def f1_worker_killed(trial: Trial) -> None:
    trial.wait()
    worker = trial.ground.programs["worker"]
    worker.kill()
    worker.start()


def f2_nobody_ticks_for_a_day(trial: Trial) -> None:
    """What was due in a day without beat and ticker is noticed once each, and is no storm of mail."""
    beat, ticker = trial.ground.programs["beat"], trial.ground.programs["ticker"]
    beat.kill()
    ticker.kill()
    before = Escalation.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    mails = len(trial.ground.mail.journal.deliveries)
    trial.outage = DAY
    due = spread_due(1, earlier=DAY)
    ticker.start()
    beat.start()
    if not until(lambda: Escalation.objects.filter(pk__gt=before).count() >= due, 60):
        trial.blame("F2 all that was due in a day is noticed within a minute", due)
    noticed = Escalation.objects.filter(pk__gt=before, planned_at__lt=timezone.now() - DAY / 2)
    if (planned := list(noticed.order_by("pk").values_list("planned_at", flat=True))) != sorted(planned):
        trial.blame("F2 what was due first is noticed first", len(planned))
    if (sent := len(trial.ground.mail.journal.deliveries) - mails) > due:
        trial.blame("F2 an outage is no storm of mail", sent)


def f3_two_more_beats(trial: Trial) -> None:
    ground = trial.ground
    others = [ground.another(f"beat{number}", ground.beat_command()) for number in (2, 3)]
    others.append(ground.another("ticker2", ["manage.py", "ticker"]))
    time.sleep(2 * BREAK)
    for other in others:
        other.stop()


def f4_request_killed(trial: Trial) -> None:
    """One of the two processes that answer, in the middle of it; their master starts another."""
    for _kill in range(3):
        time.sleep(random.uniform(0, 0.3))
        if workers := trial.ground.programs["web"].children():
            _kill_one(random.choice(workers))


def _kill_one(pid: int) -> None:
    import os
    from contextlib import suppress

    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def f5_redis_stopped(trial: Trial) -> None:
    """It takes connections and says nothing, the worst of outages."""
    assert trial.ground.valkey
    trial.wait()
    before = len(trial.journal.seconds)
    trial.ground.valkey.send_signal(signal.SIGSTOP)
    time.sleep(2 * BREAK)
    trial.ground.valkey.send_signal(signal.SIGCONT)
    _blame_slow_pages(trial, before)


def f6_redis_lost(trial: Trial) -> None:
    trial.wait()
    before = len(trial.journal.seconds)
    trial.ground.lose_valkey(with_data=True)
    time.sleep(BREAK)
    trial.ground.start_valkey()
    _blame_slow_pages(trial, before)


def _blame_slow_pages(trial: Trial, before: int) -> None:
    """
    Without Redis the site goes on: the middle request takes less than a second or, where the machine has
    other things to do, not much longer than with it.
    """
    usual, without = trial.journal.seconds[:before], trial.journal.seconds[before:]
    if without and median(without) > max(1.0, 3 * median(usual or [1.0])):
        trial.blame("F5 pages do not wait for Redis", usual, without)


def f7_postgres_restarted(trial: Trial) -> None:
    trial.wait()
    trial.ground.restart_postgres()
    connections.close_all()


def f8_backends_ended(trial: Trial) -> None:
    for _time in range(3):
        trial.wait(0.7)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )


def f9_frozen_past_its_lease(trial: Trial) -> None:
    """Whoever was frozen wakes up when its claims are long somebody else's."""
    names = ("worker", "ticker")
    frozen = trial.ground.programs[random.choice(names)]
    trial.wait()
    frozen.signal(signal.SIGSTOP)
    time.sleep(1.5 * LEASE)
    frozen.signal(signal.SIGCONT)


def f10_clock_jumped(trial: Trial) -> None:
    """The programs believe in another time; the database does not."""
    if FAKETIME is None:
        raise NotHere("libfaketime is not installed: apt-get install libfaketime")
    offset = random.choice(["+1h", "-1h", "+25h", "-25h"])
    extra = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    ticker, worker = trial.ground.programs["ticker"], trial.ground.programs["worker"]
    for child in (ticker, worker):
        child.kill()
        child.start(**extra)
    time.sleep(2 * BREAK)
    for child in (ticker, worker):
        child.kill()
        child.start()


def f13_gateways_lie(trial: Trial) -> None:
    """Slow, silent, broken, cutting the line; mail refused for now and for good. The others must not wait."""
    hooks, mail = trial.ground.hooks, trial.ground.mail
    worst: dict[str, Callable[[Talk], None]] = {
        "slow": lambda talk: talk.drip(),
        "silent": lambda talk: talk.never_answer(),
        "broken": lambda talk: talk.answer(500),
        "cut": lambda talk: talk.reset(),
    }
    name = random.choice(list(worst))
    spoil_mail = trial.number % 2 == 0
    if spoil_mail:
        mail.answers["RCPT"] = random.choice(["451 try again later", "421 go away"])
    else:
        hooks.behave(worst[name])
    began = time.time()
    time.sleep(3 * BREAK)
    _blame_waiting(trial, "webhook" if spoil_mail else "email", began)
    from tests.gateways import well

    hooks.behave(well)
    mail.answers.clear()
    _let_time_pass()


def _blame_waiting(trial: Trial, channel: str, began: float) -> None:
    """The other channel's notices leave within 15 s of being owed, however the broken one behaves."""
    rows = Notice.objects.filter(channel=channel, state=NoticeState.SENT, sent_at__isnull=False)
    late = [
        row.pk
        for row in rows.filter(created_at__gte=_moment(began))
        if (row.sent_at - row.created_at).total_seconds() > 15
    ]
    if late:
        trial.blame(f"F13 {channel} does not wait for a broken channel", *late)


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


def _let_time_pass() -> None:
    """What would be minutes until a breaker closes: the rig does not wait for them."""
    for model in (ChannelSetting, Endpoint):
        model._default_manager.update(open_until=None, failures=0)


def f14_sent_many_times(trial: Trial) -> None:
    """One page, sent two to ten times at the same moment: one case."""
    browser = Browser(trial.ground.site, trial.world.agents[0].username, PASSWORD)
    browser.log_in()
    page = browser.get(ADD)
    fields = {
        **page.hidden,
        "customer": trial.world.customers[0].number,
        "channel": "phone",
        "type": a_type(),
        "description": "同一页面多次提交",
        "urgency": "normal",
        "despite_duplicates": "on",
    }
    times = random.randint(2, 10)
    with ThreadPoolExecutor(times) as pool:
        results = list(pool.map(lambda _n: browser.post(ADD, fields), range(times)))
    cases = {found.group(1) for answer in results if (found := CASE_PAGE.search(answer.url))}
    key = f"register:{trial.world.agents[0].pk}:{page.hidden.get('nonce')}"
    if len(cases) != 1 or CaseEvent.objects.filter(cause_key=key).count() != 1:
        trial.blame("F14 one page is one case", [answer.status for answer in results], sorted(cases))


def f15_two_at_one_case(trial: Trial) -> None:
    """Two specialists accept; then both write progress; then it is delivered while its clock comes due."""
    case = trial.world.case_in(State.HANDLING)
    people = [Browser(trial.ground.site, one.username, PASSWORD) for one in trial.world.specialists]
    for person in people:
        person.log_in()
    path = f"/admin/cases/case/{case.pk}/transition/"
    _together(people, f"{path}accept/", moment_in_four_hours("promised_at"))
    if case.events.filter(kind="accept").count() != 1:
        trial.blame("F15 one of two accepts", case.pk)
    holder = Case.objects.get(pk=case.pk).handler
    same = [person for person in people if holder and person.username == holder.username] * 2
    _together(same, f"{path}report_progress/", {"note": "同时"})
    spread_due(0.2)
    _together(same[:1], f"{path}deliver/", {"result": "已补发", "proof": "SF1"})
    if case.events.filter(kind="deliver").count() != 1:
        trial.blame("F15 the delivery is kept", case.pk)


def _together(people: list[Browser], path: str, fields: dict[str, Any]) -> None:
    barrier = threading.Barrier(len(people))

    def send(person: Browser) -> None:
        page = person.get(path)
        barrier.wait(timeout=30)
        if page.status == 200:
            person.post(path, {**page.hidden, **fields})

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(send, people))


def f16_killed_on_receipt(trial: Trial) -> None:
    """Whoever sends is killed when the far side has the message and has not said so yet."""
    from tests.gateways import well

    senders = [trial.ground.programs[name] for name in ("worker", "ticker") if name in trial.ground.programs]
    once = threading.Lock()

    def kill_and_say_nothing(talk: Talk) -> None:
        if once.acquire(blocking=False):
            for sender in senders:
                sender.kill()
            trial.killed_while_sending += 1
            trial.ground.hooks.behave(well)
            talk.reset()
        else:
            well(talk)

    trial.ground.hooks.behave(kill_and_say_nothing)
    trial.world.cases_in(State.CONFIRMATION, 3)
    until(lambda: trial.killed_while_sending > 0, 20)
    trial.ground.hooks.behave(well)
    for sender in senders:
        if not sender.is_alive:
            sender.start()


def s1_ticker_killed(trial: Trial) -> None:
    trial.wait()
    ticker = trial.ground.programs["ticker"]
    ticker.kill()
    ticker.start()


def s2_site_killed(trial: Trial) -> None:
    trial.wait()
    web = trial.ground.programs["web"]
    web.kill()
    web.start()


class NotHere(Exception):
    """A fault that this machine has not the means for; the sentence says what is missing."""


FAULTS: dict[str, Callable[[Trial], None]] = {
    "F1": f1_worker_killed,
    "F2": f2_nobody_ticks_for_a_day,
    "F3": f3_two_more_beats,
    "F4": f4_request_killed,
    "F5": f5_redis_stopped,
    "F6": f6_redis_lost,
    "F7": f7_postgres_restarted,
    "F8": f8_backends_ended,
    "F9": f9_frozen_past_its_lease,
    "F10": f10_clock_jumped,
    "F13": f13_gateways_lie,
    "F14": f14_sent_many_times,
    "F15": f15_two_at_one_case,
    "F16": f16_killed_on_receipt,
}
SQLITE_FAULTS: dict[str, Callable[[Trial], None]] = {"S1": s1_ticker_killed, "S2": s2_site_killed}
