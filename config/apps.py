from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class BihuanAdminConfig(AdminConfig):
    """Makes `django.contrib.admin.site` our own site."""

    default_site = "config.admin.BihuanAdminSite"
