"""Making a text fit where a channel takes only so much, without losing what its reader acts on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "…"
NUMBER = re.compile(r"(?<![A-Za-z0-9])CS\d{11,}")  # of a case: cases.services.numbers
ANY_LINK = r"https?://[!-~]+"
# An address, or a short word of Latin letters and digits, at the end of what is kept: half of one misleads.
BEGUN = re.compile(r"(?:https?://[!-~]*|(?<![!-~])[!-~]{1,40})\Z")
LONGEST_LEAD = 60  # characters that say what the link after them is for


def shortened(text: str, most: int) -> str:
    """
    The text in at most so many characters, with an ellipsis where something is left out.

    Whole and in their places stay the first and the last link to our own site (without one, the last link)
    and the first and the last number of a case: what a phrase says stands around the words of people, not
    within them. The longest stretch between these is cut first, and keeps a short line before a link.
    A link of more than half of ``most`` is cut like other words.
    """
    parts = _parts(text, most)
    while (over := sum(map(len, parts)) - most) > 0:
        longest = max(range(0, len(parts), 2), key=lambda place: len(parts[place]))
        stretch = parts[longest]
        if len(stretch) <= len(MARK):
            break  # nothing but links and numbers
        leads = "".join(parts[longest + 1 : longest + 2]).startswith("http")
        parts[longest] = _cut(stretch, max(len(stretch) - over, len(MARK)), leads=leads)
    return "".join(parts)


def shortened_to_bytes(text: str, most: int) -> str:
    """As ``shortened``, where a channel counts bytes of UTF-8: in as many characters as fit into so many."""
    if len(text.encode()) <= most:
        return text
    fitting, fewest, many = "", most // 4, most
    while fewest <= many:
        middle = (fewest + many) // 2
        tried = shortened(text, middle)
        if len(tried.encode()) <= most:
            fitting, fewest = tried, middle + 1
        else:
            many = middle - 1
    # Nothing fits where what must stay is too long by itself, like a number of a thousand digits.
    return fitting or text.encode()[: most - len(MARK.encode())].decode(errors="ignore") + MARK


def _parts(text: str, most: int) -> list[str]:
    """What may be cut at the even places, what must stay at the odd ones."""
    parts, begun = [], 0
    for found in _kept(text, most):
        parts += [text[begun : found.start()], found[0]]
        begun = found.end()
    return [*parts, text[begun:]]


def _kept(text: str, most: int) -> list[re.Match[str]]:
    """What must stay, in its order."""
    ours = re.escape(f"{settings.SITE_URL}/")
    links = [link for link in re.finditer(f"{ours}[!-~]*|{ANY_LINK}", text) if len(link[0]) <= most // 2]
    kept = _ends(link for link in links if re.match(ours, link[0])) or links[-1:]
    kept += _ends(found for found in NUMBER.finditer(text) if not _meets(found, kept))
    return sorted(kept, key=re.Match.start)


def _ends(found: Iterable[re.Match[str]]) -> list[re.Match[str]]:
    """The first and the last."""
    every = list(found)
    return every if len(every) < 2 else [every[0], every[-1]]


def _meets(one: re.Match[str], others: Iterable[re.Match[str]]) -> bool:
    return any(one.start() < other.end() and other.start() < one.end() for other in others)


def _cut(stretch: str, most: int, *, leads: bool) -> str:
    """Its beginning and the mark; where it ``leads`` to a link, also its last line if that is short."""
    filled = stretch.rstrip()
    ending = stretch[len(filled) :][-1:]
    _above, newline, line = filled.rpartition("\n")
    if leads and newline and len(line) < min(LONGEST_LEAD, most // 2):
        ending = f"{newline}{line}{ending}"
    kept = stretch[: max(most - len(MARK) - len(ending), 0)]
    if "!" <= stretch[len(kept)] <= "~":
        kept = BEGUN.sub("", kept)
    return f"{kept.rstrip()}{MARK}{ending}"[:most]
