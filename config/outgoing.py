"""What the environment says about mail, robots and webhooks: how notices leave the house, or do not."""

from __future__ import annotations

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

# Seconds before each further attempt; with a quarter more at random. 12 attempts within 28 hours.
RETRIES = [30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200]
SMTP_BACKEND = "cases.channels.smtp.DeadlineBackend"
TLS_FIRST = ("smtps", "smtp+ssl")  # TLS from the beginning; smtp+tls asks for it first (STARTTLS)
USUAL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465, "smtp+ssl": 465}
UNREADABLE = (
    "EMAIL_URL is not readable. It is smtp+tls://name:password@host:587, or smtps:// with TLS from the start."
    " In name and password all but letters and digits is percent-encoded, like %40 for @."
)

OUTGOING_VARIABLES: dict[str, Any] = {
    "OUTGOING": (str, "send"),  # "catch": nothing leaves this machine, it is kept in VAR_DIR/outbox
    "OUTGOING_ALLOW": (list, []),  # host:port that may be called though private and without TLS
    "EMAIL_URL": (str, ""),  # smtp+tls://name:password@host:587, or smtps:// on 465; absent: no mail is sent
    "DEFAULT_FROM_EMAIL": (str, ""),  # absent: noreply@ the domain of SITE_URL
    "NOTICE_RETRIES": (lambda text: [int(part) for part in text.split(",")], RETRIES),
    "NOTICE_DIGEST_REST": (float, 300.0),  # seconds from one digest of a person to the next of its kind
    "NOTICE_LEASE": (float, 60.0),  # seconds for which a claimed notice is left to who claimed it
}


def mail_settings(url: str) -> dict[str, Any]:
    """
    Django's settings of a mail server, from ``EMAIL_URL``; without one the host is empty.

    Raises ImproperlyConfigured for what is no such address, without repeating it: it may hold a password.
    """
    found = _read(url) if url else {"EMAIL_BACKEND": "smtp.EmailBackend"}
    backend = found["EMAIL_BACKEND"]
    scheme = url.partition(":")[0].lower()
    tls_first = scheme in TLS_FIRST
    return {
        "EMAIL_BACKEND": SMTP_BACKEND if _is_smtp(backend) else backend,
        "EMAIL_HOST": _text(found, "EMAIL_HOST"),
        "EMAIL_PORT": found.get("EMAIL_PORT") or USUAL_PORTS.get(scheme, 25),
        "EMAIL_HOST_USER": _text(found, "EMAIL_HOST_USER"),
        "EMAIL_HOST_PASSWORD": _text(found, "EMAIL_HOST_PASSWORD"),
        "EMAIL_USE_TLS": bool(found.get("EMAIL_USE_TLS")) and not tls_first,
        "EMAIL_USE_SSL": bool(found.get("EMAIL_USE_SSL")) or tls_first,
    }


def _read(url: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = environ.Env.email_url_config(url)
    except (ValueError, ImproperlyConfigured):
        raise ImproperlyConfigured(UNREADABLE) from None
    both = found.get("EMAIL_USE_TLS") and found.get("EMAIL_USE_SSL")
    if both or (_is_smtp(found["EMAIL_BACKEND"]) and not found["EMAIL_HOST"]):
        raise ImproperlyConfigured(UNREADABLE)
    return found


def _text(found: dict[str, Any], name: str) -> str:
    return str(found.get(name) or "")


def _is_smtp(backend: str) -> bool:
    return backend.endswith("smtp.EmailBackend")
