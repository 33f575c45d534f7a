"""A text that is too long is cut where it may be: never in the customer's link or the case's number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.channels.shortening import MARK, shortened, shortened_to_bytes
from cases.services.phrase_seed import PHRASES

SITE = "https://service.example.com"
LINK = f"{SITE}/c/{'Ab3' * 9}/"
NUMBER = "CS20261127001"
MOST = 500


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.SITE_URL = SITE


def filled(phrase: str, words: str) -> str:
    """A phrase as it is sent: with the link, the number, and these words of people everywhere else."""
    values = {"link": LINK, "page": LINK, "number": NUMBER, "until": "12 月 1 日", "by": "12 月 1 日"}
    for name, value in (values | {"result": words, "proof": words}).items():
        phrase = phrase.replace(f"{{{name}}}", value)
    return phrase


WITH_LINK = sorted({body for row in PHRASES.values() for body in (row[1], row[3]) if "{link}" in body})


@pytest.mark.parametrize("length", [0, 10, 180, 200, 240, 300, 450, 500, 1000, 20_000])
@pytest.mark.parametrize("phrase", WITH_LINK, ids=lambda body: body.splitlines()[2][:20])
def test_every_phrase_keeps_its_link_whatever_the_length_of_the_result(phrase: str, length: int) -> None:
    text = shortened(filled(phrase, "为您更换了新的路由器并检查了线路。" * (length // 17 + 1)), MOST)
    assert len(text) <= MOST
    assert LINK in text.split()
    assert NUMBER in text
    assert length < 450 or MARK in text or "{result}" not in phrase


def test_the_line_that_says_what_the_link_is_for_stays_before_it() -> None:
    whole = f"结果：{'长' * 900}\n凭证：SF1\n\n请告诉我们问题是否解决：\n{LINK}\n\n服务单号：{NUMBER}"
    text = shortened(whole, MOST)
    assert text.startswith("结果：长长")
    assert text.endswith(f"长{MARK}\n请告诉我们问题是否解决：\n{LINK}\n\n服务单号：{NUMBER}")
    assert len(text) == MOST


@pytest.mark.parametrize(
    "whole",
    [
        f"{NUMBER} 请确认 {LINK} 结果：{'长' * 900}",
        f"{'长' * 900}{LINK}",
        f"{LINK}\n{'长' * 900}\n{NUMBER}",
        f"结果：{'长' * 900} 见 https://other.example/page 请确认 {LINK}，谢谢",
        f"{LINK}\n结果：{'长' * 900}\n见 https://other.example/page",
        f"{LINK}\n结果：{'长' * 900}\n见 {SITE}/admin/cases/case/1/",
        f"{'CS20250101001 ' * 90}\n{LINK} {NUMBER}",
        f"{LINK} {'https://other.example/ ' * 90}{NUMBER}",
        f"{'长' * 300}{LINK}{'长' * 300}{NUMBER}{'长' * 300}",
    ],
)
def test_it_stays_wherever_the_phrase_puts_it(whole: str) -> None:
    text = shortened(whole, MOST)
    assert len(text) <= MOST
    assert LINK in text
    assert MARK in text
    assert NUMBER not in whole or NUMBER in text


def test_what_fits_is_left_alone() -> None:
    assert shortened("长" * MOST, MOST) == "长" * MOST
    assert shortened("长" * (MOST + 1), MOST) == "长" * (MOST - 1) + MARK


@pytest.mark.parametrize("word", ["https://other.example/a/way?and=more", "CS20250101001", "13812345678"])
def test_no_half_of_an_address_or_a_number_is_left(word: str) -> None:
    for before in range(MOST - len(word), MOST + 1):
        text = shortened(f"{'长' * before}{word}{'长' * 300}", MOST)
        assert text.partition(MARK)[0].replace("长", "") in ("", word)


def test_a_link_of_ours_in_other_letters_is_one_too(settings: Any) -> None:
    settings.SITE_URL = "https://客服.example.com"
    link = "https://客服.example.com/c/abc/"
    assert shortened(f"{'长' * 900}\n{link}", MOST).endswith(f"\n{link}")


def test_only_what_no_channel_takes_is_longer(settings: Any) -> None:
    foreign = "https://other.example/" + "a" * 900
    assert shortened(f"见 {foreign}", MOST) == f"见{MARK}"
    assert shortened(f"{NUMBER} {NUMBER}", 20) == f"{NUMBER} {NUMBER}"


words = st.text(st.sampled_from("长 a1\n") | st.characters(codec="utf-8"), max_size=700)


def in_utf8(text: str) -> int:
    return len(text.encode())


@pytest.mark.parametrize("before", ["长", "a长", "é长", "👨\u200d👩长"])
def test_bytes_are_counted_where_a_channel_counts_them(before: str) -> None:
    for most in range(MOST, MOST + 8):
        text = shortened_to_bytes(f"{before * 300}\n{LINK}\n{NUMBER}", most)
        assert most - 8 < in_utf8(text) <= most
        assert text.endswith(f"{MARK}\n{LINK}\n{NUMBER}")


@pytest.mark.parametrize(("shorten", "size"), [(shortened, len), (shortened_to_bytes, in_utf8)])
@given(words, words, words)
def test_any_words_around_it_leave_it_whole(
    shorten: Callable[[str, int], str], size: Callable[[str], int], before: str, between: str, after: str
) -> None:
    text = shorten(f"{before}\n{LINK}\n{between}\n{NUMBER}\n{after}", MOST)
    assert LINK in text
    assert NUMBER in text
    assert size(text) <= MOST
