"""The calendars every installation starts with."""

from __future__ import annotations

from typing import Any


def ensure_calendars(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
