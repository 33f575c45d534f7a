"""The Celery application: workers and beat are started with ``celery -A config``."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from cases.memory import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("bihuan")
app.config_from_object("config.queues")
app.autodiscover_tasks()


def _begin_work(**_signal: Any) -> None:
    keep_what_is_loaded()


worker_process_init.connect(_begin_work)
