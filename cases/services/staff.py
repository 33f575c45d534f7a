"""People coming and going: what happens beside the row when somebody's access changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes.utils import reset as forget_failures
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from cases.choices import Language, Role
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import Case, Staff, StaffSession
from cases.services.second_factor import remove_devices

if TYPE_CHECKING:
    from collections.abc import Collection


class AccessChange(models.TextChoices):
    """Why a row of a person's history was written; stored in it, so never renamed."""

    ADDED = "added", _("Added")
    DEACTIVATED = "deactivated", _("Deactivated, sessions ended")
    REACTIVATED = "reactivated", _("Reactivated")
    SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
    DEVICE_RESET = "device_reset", _("Second factor removed, sessions ended")
    LOGIN_UNLOCKED = "login_unlocked", _("Failed logins forgotten")
    PASSWORD_SET = "password_set", _("Password set, sessions ended")
    ROLES_CHANGED = "roles_changed", _("Roles changed")


@transaction.atomic
def deactivate_staff(staff: Staff, *, actor: Staff) -> list[Case]:
    """
    End a person's access at once: no login, and every session over.

    Returns the open cases this person still handles, by their next deadline: each stays where it is until
    its supervisor reassigns it. Raises NotPermitted, or InvalidInput for oneself.
    """
    refuse_change_of(staff, actor)
    if staff.pk == actor.pk:
        raise InvalidInput("is_active", _("You cannot deactivate yourself. Ask another administrator."))
    staff.is_active = False
    _end_and_record(staff, actor, AccessChange.DEACTIVATED)
    return list(Case.objects.handled_by(staff).by_next_deadline())


@transaction.atomic
def reactivate_staff(staff: Staff, *, actor: Staff) -> None:
    """Let a person log in again, with the old password. Raises NotPermitted."""
    refuse_change_of(staff, actor)
    staff.is_active = True
    _record(staff, actor, AccessChange.REACTIVATED)


@transaction.atomic
def end_sessions(staff: Staff, *, actor: Staff) -> int:
    """Log a person out everywhere; returns how many sessions that were. Raises NotPermitted."""
    refuse_change_of(staff, actor)
    return _end_and_record(staff, actor, AccessChange.SESSIONS_ENDED)


@transaction.atomic
def reset_second_factor(staff: Staff, *, actor: Staff) -> None:
    """
    Remove a lost device and its backup codes. Sessions end too: who holds one could else enrol a device.

    Raises NotPermitted.
    """
    refuse_change_of(staff, actor)
    remove_devices(staff)
    _end_and_record(staff, actor, AccessChange.DEVICE_RESET)


@transaction.atomic
def unlock_login(staff: Staff, *, actor: Staff) -> None:
    """Forget the failed attempts under this name, before the lock ends by itself. Raises NotPermitted."""
    refuse_change_of(staff, actor)
    forget_failures(username=staff.get_username())
    _record(staff, actor, AccessChange.LOGIN_UNLOCKED)


@transaction.atomic
def set_roles(staff: Staff, roles: Collection[str], *, actor: Staff) -> None:
    """Give a person exactly these roles; no change is no event. Raises NotPermitted, also for oneself."""
    refuse_change_of(staff, actor)
    wanted = {Role(role).value for role in roles}
    if set(roles_of(staff)) == wanted:
        return
    if staff.pk == actor.pk:
        raise NotPermitted(_("Nobody changes their own roles. Ask another administrator."))
    staff.groups.set(Group.objects.filter(name__in=wanted))
    _record(staff, actor, AccessChange.ROLES_CHANGED, *sorted(wanted))


@transaction.atomic
def record_password(staff: Staff, *, actor: Staff) -> None:
    """Write down that somebody's password was set for them, and end the sessions of the old one."""
    _end_and_record(staff, actor, AccessChange.PASSWORD_SET)


def choose_language(staff: Staff, language: str) -> None:
    """Keep the language a person chose for the pages."""
    Staff.objects.filter(pk=staff.pk).update(language=Language(language))


def roles_of(staff: Staff) -> list[str]:
    """Stored values of the roles a person has, in the order of the table of roles."""
    found = set(staff.groups.values_list("name", flat=True))
    return [role.value for role in Role if role.value in found]


def refuse_change_of(staff: Staff, actor: Staff) -> None:
    """Who may change staff may, except that only superusers touch superusers; raises NotPermitted."""
    if not actor.has_perm("cases.change_staff") or (staff.is_superuser and not actor.is_superuser):
        raise NotPermitted


def _end_and_record(staff: Staff, actor: Staff, change: AccessChange) -> int:
    count, _rows = StaffSession.objects.filter(staff_id=staff.pk).delete()
    _record(staff, actor, change)
    return count


def _record(staff: Staff, actor: Staff, change: AccessChange, *details: str) -> None:
    """One row of history for what left no trace in the fields of the person."""
    row: Any = staff  # simple_history takes its remarks from attributes that no model declares
    row._history_user = actor
    row._change_reason = " ".join([change.value, *details])
    row.save(update_fields=["is_active"])
