"""Gateways that are slow, silent, broken or refuse (F13), and senders killed on receipt (F16)."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any

from django.db.models import F

from cases.choices import NoticeState, State
from cases.clock import database_now
from cases.models import ChannelSetting, Endpoint, Notice
from cases.notices.breakers import MOST_FAILURES
from tests.faults.ground import SENDS_AT_ONCE
from tests.faults.processes import until
from tests.faults.trial import BREAK
from tests.gateways import well

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tests.faults.trial import Trial
    from tests.gateways import Talk

ENOUGH = 3  # of the broken ones' turns in a trial
AT_MOST = 3 * BREAK  # seconds in which that many must have come
# Seconds within which notices of another channel leave: 15 s, scaled as time-outs are, and two rounds.
OTHERS_LEAVE_WITHIN = 5.0
OPENS_WITHIN = 20.0  # seconds in which five failures, of at most three seconds each, open a breaker
# Of those that take turns: so not all runs of two trials leave out the same one.
FIRST_TROUBLE = random.randrange(3)


def f13_gateways_lie(trial: Trial) -> None:
    """One way out is in trouble; the others must not wait, and what was refused for good is given up once."""
    began = database_now()
    troubles = (_mail_refused_for_good, _hooks_in_trouble, _mail_refused_for_now)
    trouble = troubles[(FIRST_TROUBLE + trial.number) % len(troubles)]
    broken = trouble(trial)
    _let_time_pass()
    _blame_waiting(trial, broken, began)


def _hooks_in_trouble(trial: Trial) -> tuple[str, ...]:
    """
    Until the breaker opens. Who takes a message and does not say so is a liar, who refuses it or cuts the
    line has not taken it. Slow is who does not come to its status: a webhook that said 200 has been told.
    Text messages go to the same gateway.
    """
    hooks = trial.ground.hooks

    def after_taking(lie: Callable[[Talk], None]) -> Callable[[Talk], None]:
        def lying(talk: Talk) -> None:
            trial.lied_about.add(talk.delivery.key)
            lie(talk)

        return lying

    name = random.choice(("slow", "silent", "broken", "cut"))
    if name == "slow":
        hooks.behave(after_taking(lambda talk: talk.drip("status")))
    elif name == "silent":
        hooks.behave(after_taking(lambda talk: talk.never_answer()))
    elif name == "broken":
        hooks.behave(lambda talk: talk.answer(500), taken=False)
    else:
        hooks.behave(lambda talk: talk.reset(), taken=False)
    for _case in range(ENOUGH):
        trial.world.branch.case_in(State.CONFIRMATION)
    if not until(lambda: opened_breakers("webhook") > 0, OPENS_WITHIN):
        trial.blame("F13 the breaker opens", name)
    hooks.behave(well)
    return "webhook", "sms"


def opened_breakers(channel: str) -> int:
    """Of the robots, webhooks and gateways of this channel, at this moment."""
    failing = Endpoint.objects.filter(channel=channel, failures__gte=MOST_FAILURES)
    return failing.filter(open_until__gt=database_now()).count()


def _mail_refused_for_now(trial: Trial) -> tuple[str, ...]:
    """Of one recipient after the other: the server itself works, and its breaker stays closed."""
    _refuse_mail(trial, random.choice(("451 try again later", "421 go away")))
    return ("email",)


def _mail_refused_for_good(trial: Trial) -> tuple[str, ...]:
    """Those notices are dead, each after one attempt and with the number that was answered; no other is."""
    of_this_kind = Notice.objects.filter(channel="email", error="refused: 550")
    earlier = list(of_this_kind.values_list("pk", flat=True))
    refused = _refuse_mail(trial, "550 no such mailbox")
    rows = of_this_kind.exclude(pk__in=earlier)
    until(lambda: rows.filter(state=NoticeState.DEAD).count() >= len(refused), BREAK)
    dead = list(rows.values_list("pk", "state", "attempts"))
    if not refused or len(dead) != len(refused) or any(row[1:] != ("dead", 1) for row in dead):
        trial.blame("F13 what is refused for good is given up, once, and says why", len(refused), *dead)
    return ("email",)


def _refuse_mail(trial: Trial, words: str) -> list[str]:
    """The addresses refused, each as often as it was."""
    mail, before = trial.ground.mail, len(trial.ground.mail.refused)
    mail.answers["RCPT"] = words
    reachable = [one for one in trial.world.branch.customers if one.contacts.filter(kind="email").exists()]
    for _case in range(ENOUGH):
        trial.world.branch.case_in(State.CONFIRMATION, random.choice(reachable))
    until(lambda: len(mail.refused) >= before + ENOUGH, AT_MOST)
    mail.answers.clear()
    return mail.refused[before:]


def _blame_waiting(trial: Trial, broken: Sequence[str], began: datetime) -> None:
    """The 95th of a hundred notices by other channels left in time, those that still wait included."""
    others = Notice.objects.filter(created_at__gte=began).exclude(channel__in=broken)
    waited: list[Any] = [
        (sent_at or database_now()) - created_at
        for created_at, sent_at in others.filter(state__in=("sent", "waiting")).values_list(
            "created_at", "sent_at"
        )
    ]
    seconds = sorted(span.total_seconds() for span in waited)
    if seconds and seconds[int(len(seconds) * 0.95)] > OTHERS_LEAVE_WITHIN:
        trial.blame("F13 nobody waits for a broken channel", broken, seconds[-5:])


def _let_time_pass() -> None:
    """What would be minutes until a breaker closes: the rig does not wait for them."""
    for model in (ChannelSetting, Endpoint):
        model._default_manager.update(open_until=None, failures=F("failures") * 0)


def f16_killed_on_receipt(trial: Trial) -> None:
    """Whoever sends is killed when the far side has the message and has not said so yet."""
    ground, hooks = trial.ground, trial.ground.hooks
    once, struck = threading.Lock(), threading.Event()

    def kill_and_say_nothing(talk: Talk) -> None:
        if once.acquire(blocking=False):
            for name in SENDS_AT_ONCE:
                trial.kill(name)
            hooks.behave(well)
            talk.reset()
            struck.set()
        else:
            well(talk)

    hooks.behave(kill_and_say_nothing)
    for _case in range(3):
        trial.world.branch.case_in(State.CONFIRMATION)
    struck.wait(20)
    hooks.behave(well)
    for name in SENDS_AT_ONCE:
        if not ground.is_alive(name):
            ground.programs[name].start()
    if not struck.is_set():
        trial.blame("F16 nobody sent anything in this trial", trial.number)
