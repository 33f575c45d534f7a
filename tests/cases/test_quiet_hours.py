"""Quiet hours: both ends local to the channel, the end perhaps the next morning."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cases.models import ChannelSetting
from cases.notices.quiet import quiet_until


def setting(begins: str | None, ends: str | None, zone: str = "Asia/Shanghai") -> ChannelSetting:
    moments = [time.fromisoformat(moment) if moment else None for moment in (begins, ends)]
    return ChannelSetting(channel="sms", quiet_from=moments[0], quiet_until=moments[1], time_zone=zone)


@pytest.mark.parametrize(
    ("at", "ends_at"),
    [
        ("2024-10-01T21:59:59", None),
        ("2024-10-01T22:00:00", "2024-10-02T08:00:00"),
        ("2024-10-01T23:59:59", "2024-10-02T08:00:00"),
        ("2024-10-02T00:00:00", "2024-10-02T08:00:00"),
        ("2024-10-02T07:59:59", "2024-10-02T08:00:00"),
        ("2024-10-02T08:00:00", None),
    ],
)
def test_a_night_is_across_midnight(at: str, ends_at: str | None) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = quiet_until(setting("22:00", "08:00"), datetime.fromisoformat(at).replace(tzinfo=zone))
    assert found == (datetime.fromisoformat(ends_at).replace(tzinfo=zone) if ends_at else None)


def test_a_nap_is_within_a_day() -> None:
    nap, zone = setting("12:00", "13:30"), ZoneInfo("Asia/Shanghai")
    assert quiet_until(nap, datetime(2024, 10, 1, 12, 45, tzinfo=zone)) == datetime(
        2024, 10, 1, 13, 30, tzinfo=zone
    )
    assert quiet_until(nap, datetime(2024, 10, 1, 23, 0, tzinfo=zone)) is None


def test_without_hours_or_with_none_between_them_it_is_never_quiet() -> None:
    for begins, ends in ((None, None), ("08:00", "08:00")):
        for hour in range(24):
            at = datetime(2024, 10, 1, hour, tzinfo=ZoneInfo("Asia/Shanghai"))
            assert quiet_until(setting(begins, ends), at) is None


@pytest.mark.parametrize("day", [(2024, 3, 30), (2024, 3, 31), (2024, 10, 26), (2024, 10, 27)])
def test_the_end_is_ahead_when_the_clocks_are_changed(day: tuple[int, int, int]) -> None:
    berlin, night = ZoneInfo("Europe/Berlin"), setting("22:00", "02:30", "Europe/Berlin")
    start = datetime(*day, 22, tzinfo=berlin)
    for minutes in range(0, 24 * 60, 10):
        at = start.astimezone(UTC) + timedelta(minutes=minutes)
        ends_at = quiet_until(night, at)
        assert ends_at is None or at < ends_at <= at + timedelta(hours=6)
