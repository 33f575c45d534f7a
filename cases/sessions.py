"""The session engine named in settings.SESSION_ENGINE."""

from cases.models.session import SessionStore

__all__ = ["SessionStore"]
