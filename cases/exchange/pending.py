"""
Uploaded sheets between preview and confirmation: private files that live an hour at most.

A sheet is customers' data, so it lies in the private folder of the installation under a random name, readable
by its account alone, bound to the person who sent it, and goes as soon as it is confirmed or given up.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from cases.exceptions import CaseError
from cases.services.janitor import clear_waiting_room

if TYPE_CHECKING:
    from cases.models import Staff

_TOKEN = re.compile(r"[0-9a-f]{40}")


def hold_upload(content: bytes, name: str, *, staff: Staff) -> str:
    """Keep a file until it is confirmed; returns the token to take it by."""
    clear_waiting_room(_folder())
    token = secrets.token_hex(20)
    path = _folder() / f"{staff.pk}-{token}{PurePath(name).suffix.lower()[:5]}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return token


def take_upload(token: str, *, staff: Staff) -> tuple[bytes, str]:
    """Content and suffix of a file, which is gone afterwards; raises CaseError when it is not there."""
    found = sorted(_folder().glob(f"{staff.pk}-{token}.*")) if _TOKEN.fullmatch(token) else []
    if not found:
        raise CaseError(_("The file was kept for an hour and is gone. Please upload it again."))
    try:
        content = found[0].read_bytes()
    except FileNotFoundError:
        raise CaseError(_("The import was confirmed twice; the first time counts.")) from None
    found[0].unlink(missing_ok=True)
    return content, found[0].suffix


def _folder() -> Path:
    folder = Path(settings.VAR_DIR) / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
