"""Who is told of what in which words, and how each channel is used, to begin with."""

from __future__ import annotations

from typing import Any

from cases.services.channel_seed import ensure_channels
from cases.services.phrase_seed import ensure_phrases
from cases.services.rule_seed import ensure_rules


def ensure_notices(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    ensure_channels(apps)
    ensure_rules(apps)
    ensure_phrases(apps)
