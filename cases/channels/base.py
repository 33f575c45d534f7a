"""What every sender gets and raises. A sender knows no model: it sends a letter, or says why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from cases.channels.causes import Cause, stored

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ANSWERS = (Cause.REFUSED, Cause.MOVED)


@dataclass(frozen=True)
class Letter:
    """
    One notice on its way. ``key`` is the same with every attempt, so that the far side can fold doubles.

    ``to`` is an e-mail address, a phone number in E.164 or a URL; ``url`` is the gateway where that is
    another address. ``facts`` are what a webhook reads beside the text. ``thread`` is the same for all
    letters about one case: its number. ``at`` is the moment with which this attempt is signed, by the clock
    of the database where it can be asked. Its repr says nothing of anybody.
    """

    key: str
    channel: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    language: str = "zh-hans"
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    thread: str = ""
    at: datetime = field(default_factory=timezone.now)


class SendingFailure(Exception):
    """
    It was not sent, or nobody knows; ``cause`` is what is stored (``cases.channels.causes``).

    ``answered``: the far side works, and it is this letter it does not take.
    """

    def __init__(self, cause: Cause, detail: str | int = "", *, answered: bool = False) -> None:
        self.cause = stored(cause, detail)
        self.answered = answered or cause in ANSWERS
        super().__init__(self.cause)


class TemporaryFailure(SendingFailure):
    """Worth another attempt later."""


class PermanentFailure(SendingFailure):
    """Another attempt would fail alike, until a person changes something."""
