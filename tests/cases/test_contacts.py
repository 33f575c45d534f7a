"""One normal form for each phone and e-mail, and what of it a list may show."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cases.choices import ContactKind
from cases.contacts import (
    NORMAL_EMAIL,
    NORMAL_PHONE,
    likely_contacts,
    mask_contact,
    normal_contact,
    takes_texts,
)
from cases.exceptions import InvalidInput

NORMAL = {"phone": NORMAL_PHONE, "email": NORMAL_EMAIL}
DIGITS = st.text("0123456789", min_size=1, max_size=18)
PHONES = st.builds("{}{}".format, st.sampled_from(["", "+", "+86", "0086", "00", "+44 ", "+39 0"]), DIGITS)
EMAILS = st.builds("{}@{}".format, st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))


@given(kind=st.sampled_from(ContactKind.values), value=PHONES | EMAILS | st.emails() | st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form_and_fits_the_database(kind: str, value: str) -> None:
    try:
        normal = normal_contact(kind, value)
    except InvalidInput:
        assume(False)
    assert normal_contact(kind, normal) == normal
    assert normal == normal.strip() != ""
    assert len(normal) <= 254
    if kind in NORMAL:
        assert re.fullmatch(NORMAL[kind], normal)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("13812345678", "+8613812345678"),
        ("138 1234 5678", "+8613812345678"),
        ("138-1234-5678", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("0086 13812345678", "+8613812345678"),
        ("１３８１２３４５６７８", "+8613812345678"),
        ("021-62345678", "+862162345678"),
        ("(021) 6234 5678", "+862162345678"),
        ("+44 20 7946 0958", "+442079460958"),
        ("10086", "10086"),
        ("400-123-4567", "4001234567"),
    ],
)
def test_the_ways_a_phone_is_written_are_one(written: str, normal: str) -> None:
    assert normal_contact(ContactKind.PHONE, written) == normal


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "12",
        "1" * 30,
        "+",
        "138123456789012345",
        "12345@",
        "电话",
        "+43 123",
        "+49 123456789012345",
    ],
)
def test_what_is_no_phone_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normal_contact(ContactKind.PHONE, value)
    assert caught.value.field == "value"


@pytest.mark.parametrize(
    "value", ["", "li", "@x", "li@", "l i@x.cn", "a@b@c", "a\0b@c.cn", "a" * 255 + "@x.cn"]
)
def test_what_is_no_email_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        normal_contact(ContactKind.EMAIL, value)


def test_an_email_is_one_in_any_spelling() -> None:
    assert normal_contact(ContactKind.EMAIL, " Ｌｉ＠Example.COM ") == "li@example.com"


@pytest.mark.parametrize("kind", [ContactKind.WECHAT, ContactKind.OTHER])
def test_other_contacts_keep_their_words_but_are_not_empty(kind: str) -> None:
    assert normal_contact(kind, " wx_Abc ") == "wx_Abc"
    with pytest.raises(InvalidInput):
        normal_contact(kind, " 　")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613812345678", "138****5678"),
        ("phone", "+862162345678", "216****5678"),
        ("phone", "4001234567", "400****4567"),
        ("phone", "10086", "1****"),
        ("phone", "+442079460958", "+44****0958"),
        ("email", "lilei@example.com", "l****@example.com"),
        ("email", "l@example.com", "l****@example.com"),
        ("wechat", "wx_abc", "w****"),
    ],
)
def test_a_list_shows_a_contact_masked(kind: str, value: str, shown: str) -> None:
    assert mask_contact(kind, value) == shown


@given(number=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mask_hides_at_least_four_digits(number: str) -> None:
    shown = mask_contact("phone", f"+86{number}")
    assert number not in shown
    assert len(re.sub(r"\D", "", shown)) == 7


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        ("+8613812345678", True),
        ("+8619912345678", True),
        ("+85291234567", True),
        ("+12025550123", True),  # there a number does not say whether it is mobile
        ("+862162345678", False),
        ("+442079460958", False),
        ("4001234567", False),
        ("10086", False),
        ("", False),
        ("+1", False),
    ],
)
def test_only_mobile_numbers_take_text_messages(number: str, taken: bool) -> None:
    assert takes_texts(number) == taken


def test_a_searched_text_stands_for_one_contact_or_none() -> None:
    assert likely_contacts("138-1234-5678") == ["+8613812345678"]
    assert likely_contacts("Li@Example.com") == ["li@example.com"]
    assert likely_contacts("未收到货") == []
