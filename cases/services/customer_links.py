"""
Links by which a customer reaches their case without a login (docs/decisions/026).

The token exists in the link alone: kept is its SHA-256, which needs no salt, because nobody guesses 160
random bits. It is not signed, so another SECRET_KEY leaves links as they are.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from cases.clock import database_now
from cases.models import Case, CustomerLink

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Notice, Staff
    from cases.querysets import CustomerLinkQuerySet

LIFE = timedelta(days=14)  # paper 5, S7
TOKEN_BYTES = 20  # 160 bits


def issue_link(
    *,
    case_id: int,
    round_number: int,
    notice: Notice | None = None,
    created_by: Staff | None = None,
    token: bytes = b"",
) -> str:
    """
    A new link to this round, valid for LIFE, as the absolute address that is told nobody a second time.

    ``token`` are TOKEN_BYTES nobody can guess, for whoever has to say the same again: the link with this
    token is made once, and stays as it is.
    """
    text = base64.b32encode(token or secrets.token_bytes(TOKEN_BYTES)).decode().lower()
    now = database_now()
    facts = {"created_at": now, "expires_at": now + LIFE, "notice": notice, "created_by": created_by}
    CustomerLink.objects.get_or_create(
        token_hash=hash_of(text),
        case_id=case_id,
        round_number=round_number,
        defaults=facts,
    )
    return f"{settings.SITE_URL}{reverse('customer_case', args=[text])}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def revoke_links(case_id: int, *, actor: Staff | None) -> int:
    """
    End every valid link of the case; how many there were.

    What is owed to the customer by now is sent without a link (``links_ended_since``). Not in a transaction:
    first the moment is kept, then links are ended. Whoever makes a link keeps it before asking for that
    moment, so one of the two sees the other, and no letter needs the lock of its case.
    """
    now = database_now()
    Case.objects.filter(pk=case_id).update(links_revoked_at=now)
    return end_links(CustomerLink.objects.filter(case_id=case_id), now, actor=actor)


def links_ended_since(case_id: int, moment: datetime) -> bool:
    """Whether the links of the case were revoked at this moment or later."""
    return Case.objects.filter(pk=case_id, links_revoked_at__gte=moment).exists()


def end_links(links: CustomerLinkQuerySet, at: datetime, *, actor: Staff | None = None) -> int:
    return int(links.valid(at).update(revoked_at=at, revoked_by=actor))


def find_link(token: str, at: datetime) -> CustomerLink | None:
    """
    The link with this token, with its case, if it is valid at this moment.

    One and the same query whatever the token is, so unknown, expired and revoked ones are not told apart.
    """
    found: CustomerLink | None = (
        CustomerLink.objects.valid(at)
        .select_related("case__customer", "case__team", "case__topic", "case__handler")
        .filter(token_hash=hash_of(token))
        .first()
    )
    return found
