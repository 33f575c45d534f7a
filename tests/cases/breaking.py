"""A way of sending mail that breaks for one address, in a manner nobody foresaw."""

from __future__ import annotations

from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class BreakingBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Any) -> int:
        for message in email_messages:
            1 / ("break@example.com" not in message.to)
        return len(email_messages)
