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
PART = re.compile(r"(?P<number>[0-9]{1,5}(?:\.[0-9]{1,2})?)(?P<unit>[^0-9.]+)")
LONGEST = timedelta(days=100 * 366)


def read_duration(text: str) -> timedelta:
    """The duration written, each unit once and the largest first. Raises ValueError for anything else."""
    written = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    parts = list(PART.finditer(written))
    units = [UNITS.get(part["unit"]) for part in parts]
    known = [unit for unit in units if unit]
    if not parts or "".join(part[0] for part in parts) != written or len(known) < len(parts):
        raise ValueError(text)
    if known != sorted(set(known), reverse=True):
        raise ValueError(text)
    span = sum((float(part["number"]) * unit for part, unit in zip(parts, known, strict=True)), timedelta(0))
    if not timedelta(0) < span <= LONGEST:
        raise ValueError(text)
    return span


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
