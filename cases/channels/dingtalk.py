"""The custom robot of DingTalk (钉钉), signed (加签): HMAC-SHA256 over time and secret, in the address."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cases.channels.robots import tell, text_of

if TYPE_CHECKING:
    from cases.channels.base import Letter

MOST_BYTES = 15_000  # of a message of 20,000
BUSY = (-1, 130101, 410100, 90018, 90030)  # busy; the others are limits of frequency


def send(letter: Letter) -> None:
    """Raises TemporaryFailure or PermanentFailure."""
    message = {"msgtype": "text", "text": {"content": text_of(letter, most_bytes=MOST_BYTES)}}
    milliseconds = int(letter.at.timestamp() * 1000)
    url = signed(letter.to, letter.secret, milliseconds) if letter.secret else letter.to
    tell(url, message, codes=["errcode"], busy=BUSY)


def signed(url: str, secret: str, milliseconds: int) -> str:
    """The address with time and signature; the secret begins with SEC and is key and part of the text."""
    text = f"{milliseconds}\n{secret}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    query = urlencode({"timestamp": milliseconds, "sign": base64.b64encode(digest).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"
