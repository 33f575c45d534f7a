"""What may stand in a text that leaves the house. Pure."""

from __future__ import annotations

import re

LONGEST_SUBJECT = 200  # of the column

# Control characters but tab and line feed, marks that turn the direction of writing, lone surrogates. What
# joins letters (U+200D, U+200C) is none of them: emoji and Persian words are made with it.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")


def one_line(text: str) -> str:
    """As a subject: nothing in it can begin another header."""
    joined = " ".join(UNFIT.sub("", LINE_END.sub("\n", text)).split())
    return joined if len(joined) <= LONGEST_SUBJECT else f"{joined[: LONGEST_SUBJECT - 1]}…"
