"""
What a server answered, read in its own letters.

We ask for JSON that is not packed. Not every gateway listens, and one whose "taken" is not understood gets
the same message again with every attempt.
"""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.http import parse_header_parameters

MOST_BYTES = 64 * 1024  # as it comes and, if it is packed, once it is unpacked
# What a gateway writes that does not say in what: GBK and GB2312 are parts of it.
OTHERWISE = "gb18030"
# gzip or zlib, whichever its head says; then without a head, as some servers understand "deflate".
WAYS_OF_PACKING = {
    "gzip": (32 + zlib.MAX_WBITS,),
    "x-gzip": (32 + zlib.MAX_WBITS,),
    "deflate": (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS),
}


@dataclass(frozen=True)
class Answer:
    """``kind`` and ``coding`` are the headers Content-Type and Content-Encoding."""

    status: int
    body: bytes
    kind: str = ""
    coding: str = ""

    def json(self) -> Any:
        """What the body says, or None where it is no JSON."""
        try:
            return json.loads(_text_of(_unpacked(self.body, self.coding), self.kind))
        except (ValueError, RecursionError):
            return None


def _unpacked(body: bytes, coding: str) -> bytes:
    """At most MOST_BYTES of it; as it is where it was not packed in any way we know."""
    for way in WAYS_OF_PACKING.get(coding.strip().lower(), ()):
        with suppress(zlib.error):
            return zlib.decompressobj(way).decompress(body, MOST_BYTES)
    return body


def _text_of(body: bytes, kind: str) -> str:
    """By what the header says, else as UTF-8, else as the letters of China, whatever is none of them."""
    for charset in (_charset_of(kind), "utf-8"):
        with suppress(LookupError, ValueError):
            return body.decode(charset).removeprefix("\ufeff")
    return body.decode(OTHERWISE, errors="replace")


def _charset_of(kind: str) -> str:
    with suppress(LookupError, ValueError):
        return parse_header_parameters(kind)[1].get("charset", "")
    return ""
