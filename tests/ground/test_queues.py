from __future__ import annotations

import subprocess
import sys

import pytest
from celery.app.defaults import NAMESPACES, flatten
from django.conf import settings
from kombu.transport.redis import Channel

import cases.tasks as tasks
from cases.broker import QUEUES
from config import queues
from config.celery import app
from tools.bootstrap import ROOT

# Paper 5.1, as it stands there, but for the multiplier (docs/decisions/034-a-deaf-worker.md).
PROMISED = {
    "result_backend": None,
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_acks_on_failure": True,  # the two names that 5.7 has for acks_on_failure_or_timeout
    "task_acks_on_timeout": True,
    "worker_prefetch_multiplier": 0,
    "worker_disable_prefetch": True,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "worker_max_tasks_per_child": 500,
    "worker_max_memory_per_child": 300_000,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "task_publish_retry": True,
    "task_publish_retry_policy": {
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.2,
    },
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_enable_remote_control": False,
    "worker_eta_task_limit": 10,
    "timezone": "UTC",
    "worker_hijack_root_logger": False,
}
PROMISED_OF_REDIS = {
    "visibility_timeout": 600,
    "socket_timeout": 15,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "retry_on_timeout": True,
    "global_keyprefix": "case:",
}


def own_names() -> set[str]:
    given = {name for name in vars(queues) if name.islower() and not name.startswith("_")}
    return given - {"annotations", "settings"}


def test_celery_knows_every_setting_by_its_name() -> None:
    known = {name for name, _option in flatten(NAMESPACES)} | {"beat_scheduler"}
    assert own_names() <= known


@pytest.mark.parametrize("name", PROMISED)
def test_settings_are_those_of_the_paper(name: str) -> None:
    assert app.conf[name] == PROMISED[name]


def test_options_of_the_broker_are_those_of_the_paper_and_known_to_it() -> None:
    assert queues.REDIS_OPTIONS == PROMISED_OF_REDIS
    assert set(queues.REDIS_OPTIONS) <= set(Channel.from_transport_options)


def test_a_message_comes_back_only_after_its_task_must_have_ended() -> None:
    assert queues.REDIS_OPTIONS["visibility_timeout"] > queues.task_time_limit + 100


def test_every_task_has_a_queue_that_a_worker_takes_from() -> None:
    ours = {name for name in app.tasks if name.startswith("cases.")}
    assert ours == set(queues.task_routes)
    assert {route["queue"] for route in queues.task_routes.values()} == {*QUEUES}
    assert {queue.name for queue in queues.task_queues} == {*QUEUES}
    assert tasks.tick.name in ours


def test_without_a_broker_nothing_is_connected_to() -> None:
    assert settings.REDIS_URL == ""
    assert app.connection_for_write().transport_cls == "memory"


def test_no_process_asks_for_the_result_of_a_task() -> None:
    assert "celery.backend_cleanup" not in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_celery_finds_the_application_by_the_name_of_the_package() -> None:
    words = [sys.executable, "-m", "celery", "-A", "config", "report"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "django_celery_beat" in result.stdout, result.stderr
