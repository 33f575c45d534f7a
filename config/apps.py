from __future__ import annotations

from django.conf import settings
from django.contrib.admin.apps import AdminConfig

from cases import broker, waking
from config import checks as checks  # registers them


def wake_workers() -> None:
    """Something was announced: have a worker look now rather than in a few seconds."""
    broker.kick("cases.tasks.work_out_announcements")


class BihuanAdminConfig(AdminConfig):
    """Makes `django.contrib.admin.site` our own site, and lets whoever writes wake the workers."""

    default_site = "config.admin.BihuanAdminSite"

    def ready(self) -> None:
        super().ready()
        if settings.REDIS_URL and wake_workers not in waking.WAKERS:
            waking.WAKERS.append(wake_workers)
