"""The list of cases."""

from __future__ import annotations


class CaseListMixin:
    """How the list of cases looks and what can be done from it."""
