"""What the three robots have in common: a text of limited length, and errors in answers of status 200."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cases.channels import http
from cases.channels.base import PermanentFailure, TemporaryFailure
from cases.channels.causes import Cause
from cases.channels.shortening import shortened_to_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cases.channels.base import Letter

JSON = {"Content-Type": "application/json; charset=utf-8"}


def text_of(letter: Letter, *, most_bytes: int) -> str:
    """Subject and text, shortened where the robot takes no more: the page of the case stays whole."""
    return shortened_to_bytes(f"{letter.subject}\n{letter.body}".strip(), most_bytes)


def tell(url: str, message: Mapping[str, Any], *, codes: Collection[str], busy: Collection[int]) -> None:
    """
    Post it, and believe only an answer that says 0 under one of the names ``codes`` and nothing else there.

    ``busy`` are the numbers that mean "later". Raises TemporaryFailure or PermanentFailure.
    """
    answer = http.post(url, json.dumps(message, ensure_ascii=False).encode(), JSON)
    http.demand_success(answer)
    for code in _codes_in(answer.json(), codes):
        if code in busy:
            raise TemporaryFailure(Cause.BUSY, code)
        if code != 0:
            raise PermanentFailure(Cause.REFUSED, code)


def _codes_in(said: Any, names: Collection[str]) -> list[int]:
    found = [said[name] for name in names if name in said] if isinstance(said, dict) else []
    if not found or not all(type(code) is int for code in found):
        raise TemporaryFailure(Cause.NOT_UNDERSTOOD)
    return found
