"""
How Celery runs: its own settings, read by ``config.celery`` when Celery first asks for one.

The broker carries nothing but wake-ups. What is due is in the database, so a message lost or delivered twice
changes nothing but lateness, and no result is kept anywhere. Times are in seconds. Why each is so:
``docs/decisions/028-workers.md``.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from kombu.entity import Queue

from cases.broker import KEY_PREFIX, QUEUES

# Without a broker nothing is connected to: a message stays in the memory of whoever sends it.
broker_url = settings.REDIS_URL or "memory://"
result_backend = None
result_expires = None  # else beat plants a task of its own that clears results
task_ignore_result = True

timezone = "UTC"
beat_scheduler = settings.CELERY_BEAT_SCHEDULER

task_queues = [Queue(name) for name in QUEUES]
task_default_queue = "send"
task_create_missing_queues = False
task_routes = {
    "cases.tasks.tick": {"queue": "tick"},
    "cases.tasks.work_out_announcements": {"queue": "send"},
    "cases.tasks.send_notices": {"queue": "send"},
    "cases.tasks.report_alive": {"queue": "send"},
    "cases.tasks.janitor": {"queue": "heavy"},
    "cases.tasks.rearm_clocks": {"queue": "heavy"},
}

# A message is answered for when its work is done, not when it arrives.
task_acks_late = True
task_reject_on_worker_lost = True
task_acks_on_failure = task_acks_on_timeout = True
# No limit but that of idle processes (the next line): a limit by messages is used up for good by those that
# could not be answered for while the broker was away (docs/decisions/034-a-deaf-worker.md).
worker_prefetch_multiplier = 0
worker_disable_prefetch = True
worker_cancel_long_running_tasks_on_connection_loss = True
worker_eta_task_limit = 10

task_soft_time_limit = 90
task_time_limit = 120
worker_max_tasks_per_child = 500
worker_max_memory_per_child = 300_000  # kB
worker_enable_remote_control = False
worker_hijack_root_logger = False

task_serializer = result_serializer = "json"
accept_content = result_accept_content = ["json"]

broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # tries for ever
REDIS_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 600,  # longer than any task may take, and then some
    "socket_timeout": 15,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "retry_on_timeout": True,
    "global_keyprefix": KEY_PREFIX,
}
broker_transport_options = REDIS_OPTIONS if settings.REDIS_URL else {}
# Who sends must not hang on a broker that is away.
task_publish_retry = True
task_publish_retry_policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
