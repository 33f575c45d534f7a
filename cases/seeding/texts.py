"""Sentences put together from the word lists. Pure; all chance comes from the generator given."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from cases.seeding import words

T = TypeVar("T")

ENGLISH_SHARE = 0.08


def one_of(chance: Random, choices: Sequence[T]) -> T:
    """All equally likely."""
    return choices[int(len(choices) * chance.random())]


def early_one_of(chance: Random, choices: Sequence[T]) -> T:
    """The first far more often than the last: one of 70 comes first in 35 % of draws, last in 0.5 %."""
    return choices[int(len(choices) * chance.random() ** 4)]


def place(chance: Random) -> str:
    first, second = one_of(chance, words.PLACE_FIRST), one_of(chance, words.PLACE_SECOND)
    return first + second + one_of(chance, words.PLACE_KIND)


def masked_name(chance: Random) -> str:
    return early_one_of(chance, words.SURNAMES) + "*"


def product(chance: Random, *, english: bool) -> str:
    return early_one_of(chance, words.PRODUCTS_EN if english else words.PRODUCTS)


def description(chance: Random, type_: str, topic: str, product_: str, *, english: bool) -> str:
    """Two or three clauses, as a customer says them."""
    if english:
        opening = one_of(chance, words.OPENINGS_EN[type_]).format(p=product_)
        return f"{opening}. {one_of(chance, words.WISHES_EN)}"
    opening = one_of(chance, words.OPENINGS[topic]).format(p=product_, w=place(chance))
    detail = f"，{one_of(chance, words.DETAILS)}" if chance.random() < 0.6 else ""
    return f"{opening}{detail}，{one_of(chance, words.WISHES)}。"
