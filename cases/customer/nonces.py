"""
What makes one opened page one cause, and a form that was not opened worthless.

A signed value in the form itself, bound to its link and good for a day by the clock of the database: with
no cookie there is nothing a foreign page could ride on, and who has neither link nor page cannot make one.
Earlier keys (``SECRET_KEY_FALLBACKS``) still open it, so a page stays good while the key is changed.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core import signing

if TYPE_CHECKING:
    from cases.models import CustomerLink

LIFE = timedelta(days=1)
SALT = "cases.customer.word"


def new_nonce(link: CustomerLink, at: datetime) -> str:
    """For a page of this link opened at this moment of the database."""
    return signing.Signer(salt=SALT).sign(f"{link.pk}.{secrets.token_hex(8)}.{int(at.timestamp())}")


def read_nonce(link: CustomerLink, value: str, at: datetime) -> str:
    """The random part of a nonce made for this link in the day before ``at``, else ''."""
    try:
        made_for, nonce, made_at = signing.Signer(salt=SALT).unsign(value).split(".")
    except (signing.BadSignature, ValueError):  # not of this release
        return ""
    fresh = at - datetime.fromtimestamp(int(made_at), UTC) <= LIFE
    return nonce if fresh and made_for == str(link.pk) else ""
