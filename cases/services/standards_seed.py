"""The service level and the ladder of the lifecycle paper, and the count of changed standards."""

from __future__ import annotations

from typing import Any


def ensure_standards(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
