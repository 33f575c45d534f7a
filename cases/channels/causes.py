"""
Why something was not sent, in words a person can act on.

Stored as ``value`` or ``value: detail``, so values are never renamed. A detail is a number the far side
answered or the name of a class: never a text of the far side, an address, a secret or a body.
"""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext_lazy as _

NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


class Cause(models.TextChoices):
    NO_ADDRESS = "no_address", _("There is no address for this channel: enter one and send it again.")
    BAD_ADDRESS = "bad_address", _("The address is not usable: correct it and send it again.")
    LEFT = "left", _("This person no longer works here.")
    SWITCHED_OFF = "switched_off", _("This robot, webhook or gateway is switched off.")
    NOT_SET_UP = "not_set_up", _("The channel is not set up: enter its mail server, gateway or options.")
    NOT_ALLOWED = (
        "not_allowed",
        _("This address may not be called: only public ones by https on port 443 or 8443."),
    )
    KEPT_HERE = "kept_here", _("Nothing leaves this machine, as its settings say.")
    NO_SUCH_NAME = "no_such_name", _("The name of the server was not found.")
    NO_CONNECTION = "no_connection", _("The server could not be reached.")
    NO_TRUST = "no_trust", _("The certificate of the server was not accepted.")
    TOO_SLOW = "too_slow", _("The server did not answer in time.")
    BROKEN_OFF = "broken_off", _("The server broke off the conversation.")
    MOVED = "moved", _("The server points to another address, which is not followed: enter that one.")
    BUSY = "busy", _("The server cannot take it at present.")
    TOO_LONG = (
        "too_long",
        _("With the text in it the address becomes too long: choose POST, or fewer words."),
    )
    REFUSED = "refused", _("The server refused it: see its documentation for the number.")
    NOT_UNDERSTOOD = "not_understood", _("The answer of the server was not understood.")
    INTERRUPTED = "interrupted", _("The machine stopped while sending it, again and again.")
    UNEXPECTED = "unexpected", _("Something unexpected went wrong: the log of the machine says more.")


def stored(cause: Cause, detail: str | int = "") -> str:
    """What is kept with the row; whatever is more than a name or a number is left out of the detail."""
    plain = NOT_PLAIN.sub("", str(detail))[:60]
    return f"{cause.value}: {plain}" if plain else str(cause.value)


def in_words(error: str) -> str:
    """The stored cause in the language of the page; anything else as it is."""
    value, _colon, detail = error.partition(": ")
    if value not in Cause.values:
        return error
    words = str(Cause(value).label)
    return f"{words} ({detail})" if detail else words
