"""The group robot of WeCom (企业微信): its address carries its key. At most 20 messages a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cases.channels.robots import tell, text_of

if TYPE_CHECKING:
    from cases.channels.base import Letter

MOST_BYTES = 2048
BUSY = (-1, 45009, 45033)  # busy, too many calls, too many at once


def send(letter: Letter) -> None:
    """Raises TemporaryFailure or PermanentFailure."""
    message = {"msgtype": "text", "text": {"content": text_of(letter, most_bytes=MOST_BYTES)}}
    tell(letter.to, message, codes=["errcode"], busy=BUSY)
