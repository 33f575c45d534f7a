"""Who is told of what in which words, and how each channel is used, to begin with."""

from __future__ import annotations

from typing import Any


def ensure_notices(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
