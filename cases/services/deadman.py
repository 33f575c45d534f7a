"""
The dead man's switch: a call to somebody outside as long as clocks are worked on.

A dead system cannot tell that it is dead; whoever misses the call raises the alarm.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from cases.channels import http
from cases.channels.base import SendingFailure
from cases.services.health import take_turn, tick_is_late

EVERY = timedelta(seconds=50)  # a little less than the schedule's minute, so that none is skipped

log = logging.getLogger(__name__)


def report_alive(url: str) -> bool:
    """Call this address, at most once a minute in all, if the last tick is recent; whether it was called."""
    if not url or tick_is_late() or not take_turn("deadman", every=EVERY):
        return False
    try:
        http.demand_success(http.get(url, with_body=False))
    except SendingFailure as error:
        log.warning("the dead man's switch was not reached: %s", error)
        return False
    return True
