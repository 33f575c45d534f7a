"""Durations as people write and read them: 30 min, 2 h 30 min, 3 d; 30 分钟, 2 小时 30 分钟, 3 天."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

NAMES = {
    timedelta(days=1): ("d", "day", "days", "天", "日"),
    timedelta(hours=1): ("h", "hour", "hours", "小时", "时"),
    timedelta(minutes=1): ("min", "mins", "minute", "minutes", "m", "分钟", "分"),
    timedelta(seconds=1): ("s", "sec", "second", "seconds", "秒"),
}
UNITS = {name: unit for unit, names in NAMES.items() for name in names}
PART = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,2})?)([^0-9.]+)")  # number and unit
LONGEST = timedelta(days=100 * 366)


def read_duration(text: str) -> timedelta:
    """The duration written, each unit once and the largest first. Raises ValueError for anything else."""
    parts = _parts_of(text)
    units = [unit for _number, unit in parts]
    span = sum((number * unit for number, unit in parts), timedelta(0))
    if units != sorted(set(units), reverse=True) or not timedelta(0) < span <= LONGEST:
        raise ValueError(text)
    return span


def _parts_of(text: str) -> list[tuple[float, timedelta]]:
    written = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    parts = PART.findall(written)
    if "".join(map("".join, parts)) != written or not all(unit in UNITS for _number, unit in parts):
        raise ValueError(text)
    return [(float(number), UNITS[unit]) for number, unit in parts]


def write_duration(span: timedelta) -> str:
    """The whole of it in words of the active language; reading them gives the same duration back."""
    seconds = int(span.total_seconds())
    parts = (
        (seconds // 86400, _("%(number)d d")),
        (seconds // 3600 % 24, _("%(number)d h")),
        (seconds // 60 % 60, _("%(number)d min")),
        (seconds % 60, _("%(number)d s")),
    )
    return " ".join(words % {"number": number} for number, words in parts if number)


class DurationInput(forms.Field):
    """One line of text for a duration; what is wrong is answered with an example."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return write_duration(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> timedelta | None:
        if value is None or isinstance(value, timedelta):
            return value
        if not value.strip():
            return None
        try:
            return read_duration(value)
        except ValueError:
            wrong = _("“%(text)s” is no duration. Write it like “30 min”, “2 h 30 min” or “3 d”.")
            raise forms.ValidationError(wrong % {"text": value[:40]}, code="invalid") from None
