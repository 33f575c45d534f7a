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
from typing import TYPE_CHECKING, Any

from django.utils.http import parse_header_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        for text in _readings(_unpacked(self.body, self.coding), self.kind):
            with suppress(ValueError, RecursionError):
                return json.loads(text)
        return None


def _unpacked(body: bytes, coding: str) -> bytes:
    """At most MOST_BYTES of it; as it is where it was not packed in any way we know."""
    for way in WAYS_OF_PACKING.get(coding.strip().lower(), ()):
        with suppress(zlib.error):
            return zlib.decompressobj(way).decompress(body, MOST_BYTES)
    return body


def _readings(body: bytes, kind: str) -> Iterator[str]:
    """
    As UTF-8, then as the header says, then as the letters of China, whatever is none of them.

    Headers are often wrong; bytes that were not meant as UTF-8 hardly ever are.
    """
    for charset in ("utf-8", _charset_of(kind)):
        with suppress(LookupError, ValueError):
            yield body.decode(charset).removeprefix("\ufeff")
    yield body.decode(OTHERWISE, errors="replace")


def _charset_of(kind: str) -> str:
    with suppress(LookupError, ValueError):
        return parse_header_parameters(kind)[1].get("charset", "")
    return ""
