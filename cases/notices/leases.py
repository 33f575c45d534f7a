"""
Claiming notices for a while, and marking what became of them.

A claim commits before anything is sent. What is written afterwards is written by its token alone: whoever
slept past the lease, and whose notice another has claimed meanwhile, changes nothing.
"""

from __future__ import annotations

import logging
import random
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from cases.channels.causes import Cause, stored
from cases.choices import NoticeChannel, NoticeState
from cases.clock import database_now
from cases.models import ChannelSetting, Endpoint, Notice
from cases.notices.breakers import Meter, allowance, is_rested, locked, take
from cases.notices.crowds import gather_crowds
from cases.notices.letters import WITH_ENDPOINT
from cases.notices.lost import owe_instead
from cases.notices.quiet import quiet_until
from cases.notices.ways import Gateways

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from cases.querysets import NoticeQuerySet

BATCH = 20
GATHERINGS = 3  # of crowds in one claim, however many come in meanwhile
SHARE = 5  # of one robot, webhook or gateway, so that a slow one keeps few waiting
FIRST = -1  # before what goes by ways without a failure
FREE: dict[str, Any] = {"lease_until": None, "lease_token": None}

log = logging.getLogger(__name__)


@transaction.atomic
def claim(channel: str, *, without: Collection[int] = ()) -> list[Notice]:
    """
    Notices that are due, leased to whoever calls; ``without`` are endpoints left out.

    The row of the channel is locked meanwhile: digests are looked after by one at a time. Breaker and rate
    say how many are worth claiming; what is claimed asks them again when it is begun.
    """
    setting = _locked_setting(channel)
    now = database_now()
    if not setting.active:
        return []
    _hold_while_quiet(setting, now)
    _give_up_on_stoppers(channel, now)
    chosen = _choose(setting, now, without)
    # Afterwards, so that no crowd is chosen from that came in between, and only where something may leave.
    for _again in range(GATHERINGS):
        if not chosen or not gather_crowds(channel):
            break
        chosen = _choose(setting, now, without)
    return _lease(chosen, now)


def _choose(setting: ChannelSetting, now: datetime, without: Collection[int]) -> dict[int, int]:
    """
    Lock what is due and may leave by breaker and rate, a share of each way; with its place in the queue.

    What goes by a way that failed comes after what goes by one that works, but for one letter a minute: those
    that work may be busy for hours.
    """
    chosen: dict[int, int] = {}
    for meter, of_meter in _meters(setting, now, without):
        many = min(allowance(meter, setting.per_minute, now), BATCH if meter is setting else SHARE)
        due = Notice.objects.due(now).filter(of_meter, channel=setting.channel)
        if many:
            free = due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
            places = dict.fromkeys(free[:many], meter.failures)
            if places and is_rested(meter, now):
                places[next(iter(places))] = FIRST
            chosen |= places
    return chosen


def _locked_setting(channel: str) -> ChannelSetting:
    ChannelSetting.objects.get_or_create(channel=channel)
    return ChannelSetting.objects.select_for_update().get(channel=channel)


def _hold_while_quiet(setting: ChannelSetting, now: datetime) -> None:
    """In quiet hours only what is urgent is due; the rest is, when they end."""
    if ends_at := quiet_until(setting, now):
        due = Notice.objects.due(now).filter(channel=setting.channel, urgent=False)
        due.update(next_attempt_at=ends_at)


def _give_up_on_stoppers(channel: str, now: datetime) -> None:
    """Notices whose every attempt ended with the process that made it."""
    worn_out = Q(attempts__gt=len(settings.NOTICE_RETRIES), lease_until__isnull=False)
    due = Notice.objects.due(now).filter(worn_out, channel=channel)
    stoppers = list(due.select_for_update(skip_locked=True, of=("self",)))
    Notice.objects.filter(pk__in=[notice.pk for notice in stoppers]).update(
        state=NoticeState.DEAD, next_attempt_at=None, error=stored(Cause.INTERRUPTED), **FREE
    )
    for notice in stoppers:
        owe_instead(notice)


def _meters(setting: ChannelSetting, now: datetime, without: Collection[int]) -> Iterator[tuple[Meter, Q]]:
    """Where breaker and rate are kept: each robot, webhook and gateway its own, other channels one."""
    if setting.channel == NoticeChannel.SMS:
        yield from _gateway_meters(setting, without)
        return
    if setting.channel not in WITH_ENDPOINT:
        yield setting, Q()
        return
    due = Notice.objects.due(now).filter(channel=setting.channel).exclude(endpoint__in=without)
    wanted = due.order_by().values("endpoint").distinct()
    for endpoint in Endpoint.objects.filter(pk__in=wanted).order_by("pk"):
        yield endpoint, Q(endpoint=endpoint)


def _gateway_meters(setting: ChannelSetting, without: Collection[int]) -> Iterator[tuple[Meter, Q]]:
    """Of text messages that no gateway takes, the channel itself: they are given up one after the other."""
    gateways = Gateways.read()
    of_no_case = gateways.of_no_case
    elsewhere = Q(case__isnull=False) & (Q(case__team=None) | ~Q(case__team__in=[*gateways.own]))
    used = Endpoint.objects.filter(pk__in=[gateway.pk for gateway in gateways])
    for gateway in used.exclude(pk__in=without).order_by("pk"):
        mine = Q(case__team=gateway.team_id) if gateway.team_id else elsewhere
        yield gateway, mine | Q(case=None) if gateway == of_no_case else mine
    if gateways.common is None:
        yield setting, elsewhere if of_no_case else elsewhere | Q(case=None)


def _lease(chosen: dict[int, int], now: datetime) -> list[Notice]:
    """In the order of their places, and then of becoming due."""
    if not chosen:
        return []
    token = uuid.uuid4()
    Notice.objects.due(now).filter(pk__in=chosen).update(
        lease_until=now + settings.NOTICE_LEASE, lease_token=token
    )
    leased = Notice.objects.filter(pk__in=chosen, lease_token=token).order_by("next_attempt_at", "pk")
    whole = leased.select_related("staff", "customer", "endpoint", "case", "event")
    return sorted(whole, key=lambda notice: chosen[notice.pk])


def begin(notice: Notice, endpoint: Endpoint | None = None) -> bool:
    """
    Count the attempt, of the notice and of its way, and renew the lease, right before sending.

    ``endpoint`` is the robot, webhook or gateway it goes through. False when another has the notice
    meanwhile, or when breaker or rate no longer let it through: then it is given back. However long a batch
    takes, none of its notices outlives its lease unnoticed.
    """
    with transaction.atomic():
        # The row of the way before that of the notice, as who claims locks them.
        meter = locked(endpoint or ChannelSetting(channel=notice.channel))
        now = database_now()
        if meter is None or not allowance(meter, _per_minute(notice.channel), now):
            give_back(notice)
            return False
        until = now + settings.NOTICE_LEASE
        renewed = _ours(notice).update(attempts=F("attempts") + 1, lease_until=until)
        if renewed:
            take(meter, now)
    notice.attempts, notice.lease_until = notice.attempts + 1, until
    return _is_told(notice, renewed)


def _per_minute(channel: str) -> int:
    return ChannelSetting.objects.values_list("per_minute", flat=True).get(channel=channel)


def give_back(notice: Notice) -> bool:
    """It was not tried after all."""
    return _mark(notice)


def mark_sent(notice: Notice) -> bool:
    """Whether it was still ours; if not, another has sent it or will."""
    return _mark(notice, state=NoticeState.SENT, sent_at=database_now(), next_attempt_at=None, error="")


def drop(notice: Notice) -> bool:
    """It need not be sent any more."""
    return _mark(notice, state=NoticeState.NEEDLESS, next_attempt_at=None, error="")


def put_off(notice: Notice, error: str) -> bool:
    """Try again later, after longer and longer waits; after the last of them give up."""
    retries = settings.NOTICE_RETRIES
    if notice.attempts > len(retries):
        return give_up(notice, error)
    wait = timedelta(seconds=retries[notice.attempts - 1] * random.uniform(1.0, 1.25))
    return _mark(notice, next_attempt_at=database_now() + wait, error=error)


def give_up(notice: Notice, error: str) -> bool:
    """Until a person replays it; in the same transaction what takes its place is owed to a customer."""
    with transaction.atomic():
        is_ours = _mark(notice, state=NoticeState.DEAD, next_attempt_at=None, error=error)
        if is_ours:
            owe_instead(notice)
    return is_ours


def _mark(notice: Notice, **values: Any) -> bool:
    return _is_told(notice, _ours(notice).update(**values, **FREE))


def _ours(notice: Notice) -> NoticeQuerySet:
    return Notice.objects.filter(pk=notice.pk, state=NoticeState.WAITING, lease_token=notice.lease_token)


def _is_told(notice: Notice, rows: int) -> bool:
    if not rows:
        log.warning("notice %s was claimed by another meanwhile", notice.pk)
    return bool(rows)
