"""The custom robot of Feishu (飞书), signed (签名校验): time and secret are the key, the text is empty."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Any

from cases.channels.robots import tell, text_of

if TYPE_CHECKING:
    from cases.channels.base import Letter

MOST_BYTES = 15_000  # of a request of 20 kB
BUSY = (9499, 11232, 11233, 99991400)  # limits of frequency
CALLS_PEOPLE = re.compile(r"<(?=/?\s*at\b)", re.IGNORECASE)


def send(letter: Letter) -> None:
    """Raises TemporaryFailure or PermanentFailure."""
    # A customer who writes <at user_id="all"> must not call everybody in the group.
    text = CALLS_PEOPLE.sub("＜", text_of(letter, most_bytes=MOST_BYTES))
    message: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if letter.secret:
        seconds = int(letter.at.timestamp())
        message |= {"timestamp": str(seconds), "sign": signature(letter.secret, seconds)}
    tell(letter.to, message, codes=["code", "StatusCode"], busy=BUSY)


def signature(secret: str, seconds: int) -> str:
    key = f"{seconds}\n{secret}"
    return base64.b64encode(hmac.new(key.encode(), b"", hashlib.sha256).digest()).decode()
