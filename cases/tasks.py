"""
What workers, beat and the ticker run: each names a service and nothing more.

What is due is read from rows, so that each may run twice, at once or long after it was asked for. Arguments
are ids and names as JSON; ``**old`` takes whatever a message of an earlier version still carries.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task, shared_task
from django.conf import settings

from cases.broker import QUEUES, kick
from cases.choices import NoticeChannel
from cases.notices import expanding, sending
from cases.services import deadman, health, rearming, ticking
from cases.services import janitor as sweeping

SIGN_EVERY = 20  # seconds between signs of life that tell nothing new

log = logging.getLogger(__name__)


class SignedTask(Task):  # type: ignore[misc] # Celery has no types
    """Run by a worker, it leaves a sign of life of the worker, and of beat if beat asked for it."""

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        queue = self.request.delivery_info["routing_key"]
        if queue in QUEUES:  # it comes with the message, and a message may be anybody's
            health.sign_of_life(f"worker:{queue}", every=SIGN_EVERY)
        if getattr(self.request, "periodic_task_name", None):
            health.sign_of_life("beat", every=SIGN_EVERY)


@shared_task(base=SignedTask)
def tick(**old: Any) -> int:
    """Work on the clocks that are due."""
    report = ticking.tick()
    lateness = round(report.latest.total_seconds(), 1)
    health.sign_of_life("tick", fired=report.fired, held=report.held, lateness=lateness)
    return report.fired


@shared_task(base=SignedTask)
def work_out_announcements(**old: Any) -> int:
    """Put what is owed because of events into the outbox, and have it sent at once."""
    made: int = expanding.work_out_announcements()
    health.sign_of_life("announcements", every=SIGN_EVERY, made=made)
    for channel in NoticeChannel if made else ():
        kick("cases.tasks.send_notices", channel.value)
    return made


@shared_task(base=SignedTask)
def send_notices(channel: str, **old: Any) -> int:
    """Send what is due by one channel; nothing by one that there is not."""
    if channel not in NoticeChannel.values:
        log.warning("asked to send by “%s”, which is no channel", channel)
        return 0
    sent = sending.send_due(channel)
    health.sign_of_life(f"send:{channel}", every=SIGN_EVERY, sent=sent)
    return sent


@shared_task(base=SignedTask)
def rearm_clocks(**old: Any) -> int:
    """Reckon clocks anew that a change of standards left behind."""
    moved = rearming.rearm_some()
    health.sign_of_life("rearming", every=SIGN_EVERY, moved=moved)
    return moved


@shared_task(base=SignedTask)
def janitor(**old: Any) -> None:
    """Sweep away what means nothing any more."""
    health.sign_of_life("janitor", **sweeping.sweep())


@shared_task(base=SignedTask)
def report_alive(**old: Any) -> None:
    """Tell whoever watches us from outside that clocks are being worked on."""
    deadman.report_alive(settings.DEADMAN_URL)
