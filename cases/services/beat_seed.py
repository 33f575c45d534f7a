"""What beat wakes and how often, to begin with."""

from __future__ import annotations

from typing import Any


def ensure_beat_schedule(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
