"""A signed webhook: JSON, an idempotency key, a time and an HMAC. ``docs/webhooks.md`` tells a receiver."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from cases.channels import http

if TYPE_CHECKING:
    from cases.channels.base import Letter


def send(letter: Letter) -> None:
    """Any answer 2xx is success. Raises TemporaryFailure or PermanentFailure."""
    body = json.dumps(content_of(letter), ensure_ascii=False, sort_keys=True).encode()
    headers = headers_for(letter, body, int(letter.at.timestamp()))
    http.demand_success(http.post(letter.to, body, headers, with_body=False))


def content_of(letter: Letter) -> dict[str, object]:
    return {
        "key": letter.key,
        "subject": letter.subject,
        "text": letter.body,
        "language": letter.language,
        **letter.facts,
    }


def headers_for(letter: Letter, body: bytes, seconds: int) -> dict[str, str]:
    """Key and time; the signature where there is a secret."""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": letter.key,
        "Bihuan-Timestamp": str(seconds),
    }
    if letter.secret:
        headers["Bihuan-Signature"] = f"sha256={signature(letter.secret, seconds, body)}"
    return headers


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Hexadecimal HMAC-SHA256 of the time, a full stop and the body as sent."""
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
