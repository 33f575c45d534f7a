"""
The second factor of a login: codes of an authenticator app, and backup codes for the day it is lost.

Devices are those of django-otp, one of each kind a person. A code of the app counts once (the library keeps
the last one's step), wrong ones make the next try wait twice as long.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_otp import devices_for_user, verify_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from cases.choices import Role
from cases.exceptions import InvalidInput
from cases.models import StaffSession

if TYPE_CHECKING:
    from django_otp.models import Device

    from cases.models import Staff

APP = "app"  # names of the devices, stored
BACKUP = "backup"
BACKUP_CODES = 10
CODE_LETTERS = 16  # base32, so 80 bits: too many to try, even against the stored digests
_APP_CODE = re.compile(r"[0-9]{6}")


def is_required_for(staff: Staff) -> bool:
    """Whether one of the person's roles demands it (settings.OTP_REQUIRED_ROLES)."""
    demanded = set(settings.OTP_REQUIRED_ROLES)
    if staff.is_superuser and Role.ADMINISTRATOR in demanded:
        return True
    return bool(demanded) and staff.groups.filter(name__in=demanded).exists()


def has_device(staff: Staff) -> bool:
    return any(devices_for_user(staff))


def verified_device(staff: Staff, code: str) -> Device | None:
    """The device this code is of, or None. A code that was right cannot be used again."""
    code = re.sub(r"[\s-]", "", code).lower()
    is_app_code = _APP_CODE.fullmatch(code) is not None
    kind = TOTPDevice if is_app_code else StaticDevice
    device = kind.objects.devices_for_user(staff, confirmed=True).first()
    if device is None:
        return None
    token = code if is_app_code else _digest(device, code)
    return verify_token(staff, device.persistent_id, token)


def begin_enrolment(staff: Staff) -> TOTPDevice:
    """The device being set up, the same one until it is confirmed."""
    device, _created = TOTPDevice.objects.get_or_create(user=staff, name=APP, confirmed=False)
    return device


def confirm_enrolment(staff: Staff, code: str, *, session_key: str | None) -> tuple[Device, list[str]]:
    """
    Put the device in force with a first code of it; the person's other sessions end, an earlier device goes.

    Returns the device and the backup codes, which are readable this once. Raises InvalidInput.
    """
    pending = begin_enrolment(staff)
    # Its own transaction: a wrong code must be counted although this call then fails.
    device = verify_token(staff, pending.persistent_id, re.sub(r"\s", "", code))
    if device is None:
        raise InvalidInput("code", _("This code is not right. Wait for the next one and enter it at once."))
    with transaction.atomic():
        StaticDevice.objects.filter(user=staff).delete()
        TOTPDevice.objects.filter(user=staff).exclude(pk=device.pk).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        StaffSession.objects.filter(staff_id=staff.pk).exclude(session_key=session_key or "").delete()
        return device, _new_backup_codes(staff)


def remove_devices(staff: Staff) -> None:
    for device in devices_for_user(staff, confirmed=None):
        device.delete()


def _new_backup_codes(staff: Staff) -> list[str]:
    """Ten codes; the database keeps only their digests (the library itself would keep them readable)."""
    device = StaticDevice.objects.create(user=staff, name=BACKUP)
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _n in range(BACKUP_CODES)]
    for code in codes:
        device.token_set.create(token=_digest(device, code))
    return ["-".join(code[i : i + 4] for i in range(0, CODE_LETTERS, 4)) for code in codes]


def _digest(device: StaticDevice, code: str) -> str:
    """SHA-256 cut to the 16 characters the library's column holds; the code itself is 80 random bits."""
    found = hashlib.sha256(f"{device.pk}:{code}".encode()).digest()
    return base64.b32encode(found).decode().lower()[:CODE_LETTERS]
