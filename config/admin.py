"""The admin site and its navigation."""

from __future__ import annotations

from unfold.sites import UnfoldAdminSite


class BihuanAdminSite(UnfoldAdminSite):
    """The one admin site of the product."""
