"""
What a phrase may contain beside its words: names in single braces, from one list, and nothing clever.

A phrase is plain text. ``{number}`` stands for a value; there is no way to reach an attribute, to format or
to call anything, and a value is never read as a phrase again. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cases.channels.plain_text import LINE_END, UNFIT
from cases.choices import Audience

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.utils.functional import Promise

STAFF, CUSTOMER, ROBOT = Audience.STAFF, Audience.CUSTOMER, Audience.ROBOT
EVERYBODY = frozenset(Audience)
INSIDE = frozenset({STAFF, ROBOT})
NOTHING = "–"
# Filled in when the notice is sent: so no token is ever stored, and time to answer counts from the reminder.
LINK, UNTIL = "{link}", "{until}"
LONGEST_BODY = 8000
LONGEST_VALUE = 1000

NAME = re.compile(r"\{([^{}\n]*)\}")
BRACE = re.compile(r"[{}]")


@dataclass(frozen=True)
class Placeholder:
    """
    One name of the list. ``personal`` ones say something about the customer, or in words nobody checked:
    robots and webhooks get them only where the endpoint may receive personal data.
    """

    label: str | Promise
    audiences: frozenset[Audience] = EVERYBODY
    personal: bool = False


def _inside(label: str | Promise, *, personal: bool = False) -> Placeholder:
    return Placeholder(label, INSIDE, personal)


PLACEHOLDERS: dict[str, Placeholder] = {
    "number": Placeholder(_("Number of the case")),
    "subject": Placeholder(_("Type and topic of the case")),
    "round": Placeholder(_("Round of the case")),
    "team": Placeholder(_("Team in charge")),
    "handler": Placeholder(_("Handler")),
    "when": Placeholder(_("When it happened")),
    "promised": Placeholder(_("Promised completion time")),
    "by": Placeholder(_("By when the customer is called")),
    "until": Placeholder(_("Until when the customer may answer")),
    "result": Placeholder(_("Result"), personal=True),
    "proof": Placeholder(_("Proof"), personal=True),
    "first_name": Placeholder(_("First name of the customer"), frozenset({CUSTOMER})),
    "link": Placeholder(_("The customer's link"), frozenset({CUSTOMER})),
    "customer": _inside(_("Name of the customer"), personal=True),
    "customer_number": _inside(_("Number of the customer"), personal=True),
    "description": _inside(_("Description"), personal=True),
    "note": _inside(_("Note, or what was said or asked"), personal=True),
    "comment": _inside(_("Customer's comment"), personal=True),
    "score": _inside(_("Score")),
    "urgency": _inside(_("Urgency")),
    "state": _inside(_("State")),
    "event": _inside(_("What happened")),
    "who": _inside(_("Who did it")),
    "clock": _inside(_("Clock")),
    "percent": _inside(_("Level of the clock, in per cent")),
    "due": _inside(_("When the clock is due")),
    "late": _inside(_("How late it is, or how much time is left")),
    "page": _inside(_("Address of the case's page")),
    "absent": Placeholder(_("Who is away"), frozenset({STAFF})),
    "stand_in": Placeholder(_("Who was told in their place"), frozenset({STAFF})),
    "count": Placeholder(_("Number of notices in the digest"), frozenset({STAFF})),
    "list": Placeholder(_("Lines of the digest"), frozenset({STAFF})),
}


def placeholders_for(audience: str) -> dict[str, Placeholder]:
    return {name: found for name, found in PLACEHOLDERS.items() if audience in found.audiences}


def mistakes_in(text: str, audience: str) -> Iterator[str | Promise]:
    """What is wrong with this phrase, with its line: an unknown name, one not for these readers, a brace."""
    allowed = placeholders_for(audience)
    for number, line in enumerate(LINE_END.sub("\n", text).split("\n"), start=1):
        for name in NAME.findall(line):
            if name not in PLACEHOLDERS:
                yield _("Line %(line)d: there is no placeholder “{%(name)s}”.") % {
                    "line": number,
                    "name": name,
                }
            elif name not in allowed:
                yield _("Line %(line)d: “{%(name)s}” may not be used for these readers.") % {
                    "line": number,
                    "name": name,
                }
        if BRACE.search(NAME.sub("", line)):
            yield _(
                "Line %(line)d: a brace stands alone. Braces are only for placeholders, like {number}."
            ) % {"line": number}


def fill(text: str, values: Mapping[str, str]) -> str:
    """
    The phrase with its values, read once from left to right: what a value contains is words and nothing else.

    A name of the list without a value becomes a dash; a name that is not on the list, and the link, stay.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in PLACEHOLDERS or match[0] == LINK:
            return match[0]
        return values.get(name) or NOTHING

    return NAME.sub(value_of, text)


def plain_value(value: object, longest: int = LONGEST_VALUE) -> str:
    """Words of somebody as text that does nothing: no control characters, no turned direction, no link."""
    text = UNFIT.sub("", LINE_END.sub("\n", str(value))).strip()
    for name in (LINK, UNTIL):
        text = text.replace(name, f"｛{name[1:-1]}｝")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def say_duration(seconds: float) -> str:
    """In the active language, to the minute: “2 h 5 min”, of days on without minutes."""
    minutes = round(abs(seconds) / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [
        (days, ngettext("%(count)d day", "%(count)d days", days)),
        (hours, ngettext("%(count)d hour", "%(count)d hours", hours)),
        (0 if days else minutes, ngettext("%(count)d minute", "%(count)d minutes", minutes)),
    ]
    said = " ".join(words % {"count": count} for count, words in parts if count)
    return said or ngettext("%(count)d minute", "%(count)d minutes", 0) % {"count": 0}
