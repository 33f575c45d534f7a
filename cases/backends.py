"""Where rights come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

if TYPE_CHECKING:
    from django.db.models import QuerySet


class RoleBackend(ModelBackend):
    """From roles alone: what might have been given to a person directly counts for nothing."""

    def _get_user_permissions(self, user_obj: object) -> QuerySet[Permission]:
        return Permission.objects.none()
