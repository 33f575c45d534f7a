"""Taking a new customer into the books while registering their request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from cases.contacts import normal_contact
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import Case, Customer, CustomerContact
from cases.services.intake import Cause, register_case

if TYPE_CHECKING:
    from cases.models import Staff

ATTEMPTS = 5
LARGEST_NUMBER = 10**18 - 1  # the pattern of customer numbers allows 18 digits


@dataclass(frozen=True)
class NewCustomer:
    """What is known of a customer at the first call; without a number the next free one is given."""

    name: str
    number: str = ""
    contact_kind: str = ""
    contact: str = ""


def create_customer(new: NewCustomer, *, actor: Staff | None) -> Customer:
    """
    A customer with number and, where given, a contact.

    Raises NotPermitted, or InvalidInput for the fields ``number``, ``name`` and ``value``: a number that is
    taken, a contact that is none, or one another customer has already.
    """
    if actor and not actor.has_perm("cases.add_customer"):
        raise NotPermitted
    if not new.name.strip():
        raise InvalidInput("name", _("Write the customer's name, masked if need be: 张*."))
    contact = normal_contact(new.contact_kind, new.contact) if new.contact.strip() else ""
    _refuse_known_contact(new.contact_kind, contact)
    with transaction.atomic():
        customer = _numbered(new)
        if contact:
            CustomerContact.objects.create(
                customer=customer, kind=new.contact_kind, value=contact, preferred=True
            )
    return customer


def register_with_customer(
    customer: Customer | NewCustomer,
    *,
    actor: Staff | None,
    cause_key: str,
    cause_digest: str = "",
    **facts: Any,
) -> Case:
    """
    ``register_case`` for a customer who may have to be created first, both or neither.

    The same ``cause_key`` twice, even at the same moment, gives one customer and one case.
    """
    cause = Cause(cause_key, cause_digest)
    facts |= {"cause_key": cause_key, "cause_digest": cause_digest}
    try:
        with transaction.atomic():
            return cause.registered() or _register(customer, actor=actor, **facts)
    except IntegrityError:
        if known := cause.registered():
            return known
        raise


def _register(customer: Customer | NewCustomer, *, actor: Staff | None, **facts: Any) -> Case:
    if isinstance(customer, NewCustomer):
        customer = create_customer(customer, actor=actor)
        facts["contact"] = customer.contacts.first()
    return register_case(actor=actor, customer=customer, **facts)


def _refuse_known_contact(kind: str, value: str) -> None:
    known = CustomerContact.objects.filter(kind=kind, value=value).select_related("customer").first()
    if value and known:
        raise InvalidInput(
            "value", _("This contact belongs to %(customer)s already.") % {"customer": known.customer}
        )


def _numbered(new: NewCustomer) -> Customer:
    number, name = new.number.strip().upper(), new.name.strip()
    if not number:
        return _next_free(name, attempts=ATTEMPTS)
    try:
        with transaction.atomic():
            return Customer.objects.create(number=number, name=name)
    except IntegrityError:
        raise InvalidInput("number", _("This number is taken, or it is not C followed by digits.")) from None


def _next_free(name: str, *, attempts: int) -> Customer:
    """Another registration may take the same number meanwhile: the unique constraint decides."""
    try:
        with transaction.atomic():
            return Customer.objects.create(number=_next_number(), name=name)
    except IntegrityError:
        if attempts == 1:
            raise
    return _next_free(name, attempts=attempts - 1)


def _next_number() -> str:
    longest_first = Customer.objects.order_by(Length("number").desc(), "-number")
    highest = longest_first.values_list("number", flat=True).first()
    following = int(highest[1:]) + 1 if highest else 1001
    if following > LARGEST_NUMBER:
        raise InvalidInput("number", _("No number is left after the highest one. Choose a free number."))
    return f"C{following}"
