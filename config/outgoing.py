"""What the environment says about mail, robots and webhooks: how notices leave the house, or do not."""

from __future__ import annotations

from typing import Any

import environ

# Seconds before each further attempt; with a quarter more at random. 12 attempts within 28 hours.
RETRIES = [30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200]
SMTP_BACKEND = "cases.channels.smtp.DeadlineBackend"

OUTGOING_VARIABLES: dict[str, Any] = {
    "OUTGOING": (str, "send"),  # "catch": nothing leaves this machine, it is kept in VAR_DIR/outbox
    "OUTGOING_ALLOW": (list, []),  # host:port that may be called though private and without TLS
    "EMAIL_URL": (str, ""),  # smtp+tls://name:password@host:587; absent: no mail is sent
    "DEFAULT_FROM_EMAIL": (str, ""),  # absent: noreply@ the domain of SITE_URL
    "NOTICE_RETRIES": (lambda text: [int(part) for part in text.split(",")], RETRIES),
    "NOTICE_DIGEST_REST": (float, 300.0),  # seconds from one digest of a person to the next of its kind
    "NOTICE_LEASE": (float, 60.0),  # seconds for which a claimed notice is left to who claimed it
}


def mail_settings(url: str) -> dict[str, Any]:
    """Django's settings of a mail server, from ``EMAIL_URL``; without one the host is empty."""
    found = environ.Env.email_url_config(url) if url else {}
    backend = found.get("EMAIL_BACKEND", "")
    return {
        "EMAIL_BACKEND": SMTP_BACKEND if not url or backend.endswith("smtp.EmailBackend") else backend,
        "EMAIL_HOST": found.get("EMAIL_HOST") or "",
        "EMAIL_PORT": found.get("EMAIL_PORT") or 25,
        "EMAIL_HOST_USER": found.get("EMAIL_HOST_USER") or "",
        "EMAIL_HOST_PASSWORD": found.get("EMAIL_HOST_PASSWORD") or "",
        "EMAIL_USE_TLS": bool(found.get("EMAIL_USE_TLS")),
        "EMAIL_USE_SSL": bool(found.get("EMAIL_USE_SSL")),
    }
