"""Contact data: one normal form for each phone and e-mail, and what of it a list may show. Pure."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext_lazy as _

from cases.choices import ContactKind
from cases.exceptions import InvalidInput

# E.164 with the plus sign, or a Chinese service number (10086, 95588, 400…) of digits only.
NORMAL_PHONE = r"^\+[1-9][0-9]{6,14}$|^[0-9]{3,12}$"
NORMAL_EMAIL = r"^[^@\sA-Z]+@[^@\sA-Z]+$"
HOME = "CN"
# What a single number is written with; letters, extensions and a second number are not guessed at.
ONE_PHONE = r"\+?[0-9\s\-\u2010-\u2015().]+"
# In some countries, as in America, mobile numbers look like any others.
MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
LONGEST_CONTACT = 254  # RFC 5321 allows no longer e-mail address


def normal_contact(kind: str, value: str) -> str:
    """The one spelling under which a contact is kept; raises InvalidInput when it is none."""
    text = unicodedata.normalize("NFKC", value).strip()
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise InvalidInput("value", _("A contact is one line without control characters."))
    if len(text) > LONGEST_CONTACT:
        raise InvalidInput("value", _("A contact has at most 254 characters."))
    if kind == ContactKind.PHONE:
        return _normal_phone(text)
    if kind == ContactKind.EMAIL:
        return _normal_email(text)
    if not text:
        raise InvalidInput("value", _("The contact is empty."))
    return text


def _normal_phone(text: str) -> str:
    digits = re.sub(r"[\s\-\u2010-\u2015().]", "", text)
    if re.fullmatch(r"[0-9]{3,6}|(400|800)[0-9]{7}", digits):
        return digits
    try:
        number = phonenumbers.parse(text, HOME) if re.fullmatch(ONE_PHONE, text) else None
    except phonenumbers.NumberParseException:
        number = None
    normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else ""
    if not (_is_complete(number) and re.fullmatch(NORMAL_PHONE, normal)):
        raise InvalidInput(
            "value",
            _("This is no phone number. Write it like 13812345678, 021-62345678 or +44 20 7946 0958."),
        )
    return normal


def takes_texts(phone: str) -> bool:
    """Whether a text message to this number, in its normal form, can arrive: not so for landlines."""
    if not phone.startswith("+"):
        return False  # service numbers
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(number) in MOBILE


def _is_complete(number: phonenumbers.PhoneNumber | None) -> bool:
    """Possible as it stands; a local number without its area code is not."""
    if number is None:
        return False
    reason = phonenumbers.is_possible_number_with_reason(number)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def _normal_email(text: str) -> str:
    lowered = text.lower()
    if not re.fullmatch(NORMAL_EMAIL, lowered):
        raise InvalidInput("value", _("This is no e-mail address. Write it like name@example.com."))
    return lowered


def likely_contacts(words: str) -> list[str]:
    """The normal forms a searched text may stand for: an exact phone or e-mail, or nothing."""
    kind = ContactKind.EMAIL if "@" in words else ContactKind.PHONE
    try:
        return [normal_contact(kind, words)]
    except InvalidInput:
        return []


def mask_contact(kind: str, value: str) -> str:
    """138****1234 for phones, l****@example.com for e-mail, the first character of anything else."""
    if kind == ContactKind.PHONE:
        shown = value.removeprefix("+86")
        return f"{shown[:3]}****{shown[-4:]}" if len(shown) >= 10 else f"{shown[:1]}****"
    if kind == ContactKind.EMAIL:
        name, _at, domain = value.partition("@")
        return f"{name[:1]}****@{domain}"
    return f"{value[:1]}****"
