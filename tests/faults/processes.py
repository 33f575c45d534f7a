"""
Processes of the rig: each in a session of its own, so that a whole group can be killed, with its words in a
file.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAST_WORDS = 15  # seconds a process may take to end


class Child:
    """One program of the product, known to PostgreSQL by its name. No other is ever signalled."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self.arguments, self.environment = name, arguments, environment
        self.words = folder / f"{name}.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **extra: str) -> None:
        with self.words.open("ab") as words:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=ROOT,
                env=self.environment | {"PGAPPNAME": self.name} | extra,
                stdout=words,
                stderr=words,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """To the whole group, as long as its leader has not been waited for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """As a machine that loses its power: nobody of the group may say anything more."""
        if self.is_alive:
            self.signal(signal.SIGKILL)
        self.wait()

    def ask_to_end(self) -> None:
        """Its leader alone: whom it has begun it ends itself, when what they do is done."""
        if self.process is not None and self.is_alive:
            self.signal(signal.SIGCONT)
            self.process.terminate()

    def stop(self) -> None:
        self.ask_to_end()
        if not until(lambda: not self.is_alive, LAST_WORDS):
            self.kill()
        self.wait()

    def wait(self) -> None:
        if self.process is not None:
            self.process.wait()

    def children(self) -> list[int]:
        """Ids of the processes it has begun, from /proc."""
        tasks = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()] if tasks.exists() else []


def until(holds: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Whether it holds in time; asked again and again."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
