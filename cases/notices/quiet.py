"""Quiet hours of a channel. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from cases.models import ChannelSetting


def quiet_until(setting: ChannelSetting, at: datetime) -> datetime | None:
    """The end of the quiet hours ``at`` lies in, in UTC; None outside of them. Both ends are local."""
    starts, ends = setting.quiet_from, setting.quiet_until
    if starts is None or ends is None:
        return None
    zone = ZoneInfo(setting.time_zone)
    local = at.astimezone(zone)
    now = local.time()
    if not _is_within(now, starts, ends):
        return None
    day = local.date() if now < ends else local.date() + timedelta(days=1)
    end = datetime.combine(day, ends, zone).astimezone(UTC)
    # An hour that comes twice, when summer time ends: the second one is meant.
    return end if end > at else datetime.combine(day, ends.replace(fold=1), zone).astimezone(UTC)


def _is_within(now: time, starts: time, ends: time) -> bool:
    """Over midnight where the end is the earlier one; never where both are the same."""
    return starts <= now < ends if starts <= ends else now >= starts or now < ends
