"""Sessions that know whose they are, so that deactivating a person ends theirs."""

from __future__ import annotations

import time
from typing import cast

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

BEGUN, SEEN = "begun_at", "seen_at"  # keys of a session somebody logged in to, seconds since 1970


class StaffSession(AbstractBaseSession):
    """A session with the id of the person logged in; NULL before login. Rows live in our database only."""

    staff_id = models.BigIntegerField(null=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[StaffSession]:
        return StaffSession

    def create_model_instance(self, data: dict[str, object]) -> StaffSession:
        staff_id = data.get("_auth_user_id")
        if staff_id:  # data is what this session goes on with, so the moments are also known to the request
            now = int(time.time())
            data.setdefault(BEGUN, now)
            data.setdefault(SEEN, now)
        session = cast("StaffSession", super().create_model_instance(data))
        session.staff_id = int(str(staff_id)) if staff_id else None
        return session
