"""How moments are written in English: the day first, and by the clock of 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import translation
from django.utils.formats import date_format, time_format

MOMENT = datetime(2026, 9, 3, 21, 5, tzinfo=UTC)


def test_english_writes_the_month_by_its_name_and_counts_24_hours() -> None:
    with translation.override("en"):
        assert date_format(MOMENT, "DATETIME_FORMAT") == "3 Sep 2026, 21:05"
        assert date_format(MOMENT, "DATE_FORMAT") == "3 Sep 2026"
        assert time_format(MOMENT.time()) == "21:05"


def test_chinese_is_left_to_django() -> None:
    with translation.override("zh-hans"):
        assert date_format(MOMENT, "DATETIME_FORMAT") == "2026年9月3日 21:05"
