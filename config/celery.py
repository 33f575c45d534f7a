"""The Celery application: workers and beat are started with ``celery -A config``."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("bihuan")
app.config_from_object("config.queues")
app.autodiscover_tasks()
