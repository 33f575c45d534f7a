"""Letters for tests of the senders."""

from __future__ import annotations

from typing import Any

from cases.channels.base import Letter

KEY = "5f0c2c34-7a1e-4a8e-9d0a-3d8a5b1c2e4f"


def letter(channel: str, to: str, **more: Any) -> Letter:
    given = {"subject": "工单 CS20240101001", "body": "请在今天联系客户。", **more}
    return Letter(key=KEY, channel=channel, to=to, **given)
