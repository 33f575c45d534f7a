"""Phrases are plain text with names in braces: what is accepted, what is filled in, what stays harmless."""

from __future__ import annotations

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.channels.plain_text import LONGEST_SUBJECT, one_line
from cases.choices import Audience
from cases.notices.placeholders import (
    LINK,
    NOTHING,
    PLACEHOLDERS,
    fill,
    mistakes_in,
    plain_value,
    say_duration,
)
from cases.notices.values import say_lateness

HOSTILE = [
    "a\r\nBcc: everybody@example.com",
    "a\u2028b\u2029c\x85d",
    "\u202egnp.exe\u202c",
    "\u2066isolated\u2069",
    "{link}{number}{{number}}",
    "{number.__class__.__mro__}",
    "{number!r:>999999}",
    "%(number)s %s ${number}",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "<script>alert(1)</script>&amp;",
    "\x00\x1b[31m\x07",
    "\ud800 lonely",
]


def found(text: str, audience: str = Audience.STAFF) -> list[str]:
    return [str(mistake) for mistake in mistakes_in(text, audience)]


def test_every_placeholder_of_the_list_is_accepted_for_its_readers_and_refused_for_others() -> None:
    for name, placeholder in PLACEHOLDERS.items():
        for audience in Audience:
            assert (found(f"{{{name}}}", audience) == []) == (audience in placeholder.audiences), name


@pytest.mark.parametrize(
    "text",
    ["{nummer}", "{}", "{ number }", "{number.customer}", "{number!r}", "{number:>9}", "{0}", "{Number}"],
)
def test_an_unknown_placeholder_is_named_with_its_line(text: str) -> None:
    (mistake,) = found(f"您好\n{text}")
    assert "2" in mistake
    assert text in mistake


@pytest.mark.parametrize("text", ["{", "}", "{number", "number}", "{{number}}", "}{", "{a\nb}", "{number}}"])
def test_a_stray_brace_is_found_with_its_line(text: str) -> None:
    assert any("1" in mistake for mistake in found(text))


def test_customers_are_not_told_internal_notes() -> None:
    assert found("{note}", Audience.CUSTOMER)
    assert found("{customer_number}", Audience.CUSTOMER)


def test_a_value_is_words_and_never_a_phrase_again() -> None:
    values = {"number": "{subject}{link}{number}", "subject": "secret"}
    assert fill("{number}", values) == "{subject}{link}{number}"
    assert fill("{number} {subject}", {"number": "1"}) == f"1 {NOTHING}"


def test_the_link_waits_for_the_sending_and_what_is_unknown_stays() -> None:
    assert fill("{link} {unknown} {", {"link": "x", "unknown": "y"}) == "{link} {unknown} {"


def test_no_value_can_smuggle_the_link_in() -> None:
    assert LINK not in plain_value("{link}")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_lose_what_is_dangerous(text: str) -> None:
    value = plain_value(text)
    assert value == plain_value(value)
    value.encode()
    assert not set(value) & {"\r", "\0", "\x1b", "\u202e", "\u2066", "\u2028"}
    assert "\n" not in one_line(text)
    one_line(text).encode()


@given(st.text())
def test_whatever_a_value_is_a_subject_stays_one_line_that_can_be_sent(text: str) -> None:
    subject = one_line(fill("{number} {subject}", {"number": text, "subject": plain_value(text)}))
    assert len(subject) <= LONGEST_SUBJECT
    assert subject.splitlines() in ([], [subject])
    subject.encode()


@given(st.text())
def test_no_text_breaks_the_check_or_the_filling(text: str) -> None:
    assert isinstance(found(text), list)
    fill(text, {})


@given(st.text(alphabet="{}ab\n"))
def test_what_has_no_mistakes_has_no_braces_left_once_filled(text: str) -> None:
    if not found(text):
        assert not set(fill(text, {})) & set("{}")


def test_durations_are_said_to_the_minute_and_long_ones_to_the_hour() -> None:
    with translation.override("en"):
        said = [say_duration(seconds) for seconds in (0, 29, 90, 3600, 3660, -7500, 90_000, 200_000)]
    assert said == [
        "0 minutes",
        "0 minutes",
        "2 minutes",
        "1 hour",
        "1 hour 1 minute",
        "2 hours 5 minutes",
        "1 day 1 hour",
        "2 days 7 hours",
    ]


def test_at_a_deadline_the_time_is_up() -> None:
    with translation.override("en"):
        said = [say_lateness(seconds) for seconds in (0, 29, -29, 60, -90)]
    assert said == ["time is up", "time is up", "time is up", "1 minute late", "2 minutes left"]


def test_long_words_are_cut() -> None:
    assert len(plain_value("长" * 5000)) == 1000
    assert len(one_line("长" * 5000)) == LONGEST_SUBJECT
