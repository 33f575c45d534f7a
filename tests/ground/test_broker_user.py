"""The one user of the broker may do what Celery needs, on our keys, and nothing dangerous."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from celery import Celery
from django.conf import LazySettings
from kombu.connection import Connection
from kombu.entity import Queue
from redis import Redis
from redis.exceptions import NoPermissionError

from cases import broker
from config import queues
from tests.ground.test_deploy import commands_of_containers, option
from tools.bootstrap import ROOT
from tools.valkey import temporary_valkey

PASSWORD = "p%40ss"  # in an address; it is p@ss


def rules() -> list[str]:
    """What compose.yaml says of the user, but for the password."""
    words = commands_of_containers()["redis"]
    name = words.index("--user")
    return [word for word in words[name + 2 :] if not word.startswith(">")]


@pytest.fixture
def addresses() -> Iterator[tuple[str, str]]:
    """Of a broker: for its master, and for its user."""
    with temporary_valkey() as url:
        with Redis.from_url(url) as master:
            master.execute_command("ACL", "SETUSER", "bihuan", ">p@ss", *rules())
        yield url, url.replace("://", f"://bihuan:{PASSWORD}@")


def test_it_is_the_same_user_by_hand_and_in_containers() -> None:
    assert option(commands_of_containers()["redis"], "--user") == "bihuan"
    said = re.search(
        r"user bihuan on #\S.*?\) (.*?)\"", (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    )
    assert said
    assert ["on", *said[1].split()] == rules()


def test_nothing_dangerous_and_no_key_of_others(addresses: tuple[str, str]) -> None:
    with Redis.from_url(addresses[1]) as client:
        assert client.ping()
        for forbidden in ("FLUSHALL", "CONFIG GET *", "KEYS *", "INFO", "SHUTDOWN", "SET other 1"):
            with pytest.raises(NoPermissionError):
                client.execute_command(*forbidden.split())


def test_a_message_goes_out_comes_back_unanswered_and_is_answered(
    addresses: tuple[str, str], settings: LazySettings
) -> None:
    master, user = addresses
    settings.REDIS_URL = user
    now = queues.REDIS_OPTIONS | {"visibility_timeout": 0}
    app = Celery("trial", broker=user, set_as_current=False)
    app.config_from_object(queues)
    app.conf.broker_url, app.conf.broker_transport_options = user, queues.REDIS_OPTIONS
    app.send_task("cases.tasks.tick", queue="tick")
    assert broker.queue_lengths() == {"tick": 1, "send": 0, "heavy": 0}
    connected, queue = cast("Any", Connection), cast("Any", Queue)
    with connected(user, transport_options=now) as connection, connection.channel() as channel:
        bound = queue("tick")(channel)
        taken = bound.get(no_ack=False)
        assert taken
        channel.qos.restore_visible()
        assert broker.queue_lengths() == {"tick": 1, "send": 0, "heavy": 0}
        again = bound.get(no_ack=False)
        assert again
        assert again.headers["redelivered"] or again.delivery_info["redelivered"]
        again.ack()
        bound.purge()
    with Redis.from_url(master) as client:
        assert client.acl_log() == []


TRIAL = """
import os
import signal

from celery import Celery

from config import queues

app = Celery("trial")
app.config_from_object(queues)
app.conf.broker_url, app.conf.broker_transport_options = os.environ["BROKER"], queues.REDIS_OPTIONS

@app.task(name="cases.tasks.tick")
def tick():
    open("done", "w").close()
    os.kill(os.getppid(), signal.SIGTERM)
"""


def test_a_worker_starts_and_works_without_one_refusal(addresses: tuple[str, str], tmp_path: Path) -> None:
    master, user = addresses
    (tmp_path / "trial.py").write_text(TRIAL, encoding="utf-8")
    surroundings = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "BROKER": user}
    ask = "import trial; trial.tick.delay()"
    worker = ["-m", "celery", "-A", "trial", "worker", "-Q", "tick", "-c", "1", "--without-gossip"]
    for words in (["-c", ask], [*worker, "--without-mingle"]):
        subprocess.run([sys.executable, *words], cwd=tmp_path, env=surroundings, timeout=60, check=True)
    assert (tmp_path / "done").exists()
    with Redis.from_url(master) as client:
        assert client.acl_log() == []
