"""
What makes one opened page one cause, and a form that was not opened worthless.

A signed value in the form itself, bound to its link and good for a day: with no cookie there is nothing a
foreign page could ride on, and who has neither link nor page cannot make one. Earlier keys
(``SECRET_KEY_FALLBACKS``) still open it, so a page stays good while the key is changed.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core import signing

if TYPE_CHECKING:
    from cases.models import CustomerLink

LIFE = timedelta(days=1)
SALT = "cases.customer.word"


def new_nonce(link: CustomerLink) -> str:
    return signing.TimestampSigner(salt=SALT).sign(f"{link.pk}.{secrets.token_hex(8)}")


def read_nonce(link: CustomerLink, value: str) -> str:
    """The random part of a nonce made for this link in the last day, else ''."""
    try:
        made_for, _dot, nonce = signing.TimestampSigner(salt=SALT).unsign(value, max_age=LIFE).partition(".")
    except signing.BadSignature:
        return ""
    return nonce if made_for == str(link.pk) else ""
