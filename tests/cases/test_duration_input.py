"""Durations as people type them, in both languages, and what is said of one that is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django import forms
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as some

from cases.admin.duration_input import LONGEST, DurationInput, read_duration, write_duration

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30 min", 30 * MINUTE),
        ("2 h", 2 * HOUR),
        ("2 h 30 min", 2 * HOUR + 30 * MINUTE),
        ("3 d", 3 * DAY),
        ("2H30M", 2 * HOUR + 30 * MINUTE),
        ("1.5 h", 90 * MINUTE),
        ("1 day 12 hours", 36 * HOUR),
        ("30 分钟", 30 * MINUTE),
        ("2小时30分", 2 * HOUR + 30 * MINUTE),
        ("3 天", 3 * DAY),
        ("３０　分钟", 30 * MINUTE),
        ("90 min", 90 * MINUTE),
    ],
)
def test_what_people_write_is_understood(text: str, span: timedelta) -> None:
    assert read_duration(text) == span


@pytest.mark.parametrize(
    "text",
    [
        *("30", "h", "2 weeks", "-2 h", "2 h 3 h", "30 min 2 h", "0 min", "2:30", "1e3 h", "h 2", "2 h x"),
        *("99999 d", "123456 min", "1..5 h", "1.5.5 h", "two h"),
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with translation.override("en"), pytest.raises(forms.ValidationError, match=r"2 h 30 min"):
        DurationInput().clean(text)


def test_an_empty_one_is_missing() -> None:
    with pytest.raises(forms.ValidationError) as caught:
        DurationInput().clean("  ")
    assert caught.value.code == "required"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@given(seconds=some.integers(min_value=1, max_value=int(LONGEST.total_seconds())))
def test_what_is_shown_reads_as_the_same(language: str, seconds: int) -> None:
    span = timedelta(seconds=seconds)
    with translation.override(language):
        assert read_duration(write_duration(span)) == span


def test_the_form_shows_words_and_sees_no_change_in_other_words() -> None:
    field = DurationInput()
    with translation.override("en"):
        assert field.prepare_value(150 * MINUTE) == "2 h 30 min"
        assert not field.has_changed(150 * MINUTE, "150 min")
        assert field.has_changed(150 * MINUTE, "151 min")
