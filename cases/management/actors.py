"""In whose name a command works."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from cases.models import Staff


def staff_named(username: str | None) -> Staff | None:
    """The active login of this name; None for none, which is the system. Raises CommandError."""
    if username is None:
        return None
    staff: Staff | None = Staff.objects.active().filter(username=username).first()
    if staff is None:
        raise CommandError(_("There is no active login “%(username)s”.") % {"username": username})
    return staff
