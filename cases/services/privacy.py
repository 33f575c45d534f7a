"""Looking at contact data that is otherwise masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.exceptions import InvalidInput, NotPermitted
from cases.models import ContactAccess

if TYPE_CHECKING:
    from cases.models import Customer, CustomerContact, Staff

SHORTEST_REASON = 4  # characters; two Chinese words


@transaction.atomic
def reveal_contact(customer: Customer, *, staff: Staff, reason: str) -> list[CustomerContact]:
    """
    The customer's contacts in full, once it is written down who looked and why.

    Raises NotPermitted, or InvalidInput where the reason is missing; then nothing is shown and recorded.
    """
    if not (staff.has_perm("cases.reveal_contact") and staff.has_perm("cases.view_customer")):
        raise NotPermitted
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise InvalidInput("reason", _("Write down why you need the contact data, in a few words."))
    ContactAccess.objects.create(staff=staff, customer=customer, reason=reason[:500])
    return list(customer.contacts.all())
