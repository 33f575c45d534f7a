"""Prepare everything, serve the site on 127.0.0.1 and work on what is due: `make run`, from a bare Python.

Environment: PORT (default 8000) and whatever config/settings.py reads. Ctrl-C ends all that was started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tools.bootstrap import ROOT, CannotGoOn, check_writable, prepare_environment, tell

_HOST = "127.0.0.1"
_WORKERS = 2  # SQLite queues its writers: more processes would only wait for one another
_LAST_WORDS = 70  # seconds; the ticker gives its tasks a minute
_FAILURE_RECORD = ROOT / "var" / "failure.txt"
# For looking at the product on one's own machine: no certificate, and the demo logins work at once.
# OUTGOING keeps every notice on it, whoever the demo customers are.
_ENVIRONMENT = {"HTTPS": "false", "OTP_REQUIRED_ROLES": "", "LOG_LEVEL": "WARNING", "OUTGOING": "catch"}
_STEPS = [
    ("Preparing the database", ["migrate", "--no-input", "--verbosity=0"]),
    ("Collecting static files", ["collectstatic", "--no-input", "--verbosity=0"]),
    ("Filling in the demo organisation", ["seed_demo"]),
]


def main() -> int:
    """Exit code 0 after Ctrl-C, 1 with one sentence when something hinders."""
    try:
        port = _free_port(os.environ.get("PORT") or "8000")
        var = ROOT / "var"
        check_writable(ROOT)
        var.mkdir(exist_ok=True)
        check_writable(var)
        python = prepare_environment("requirements.txt")
        for title, command in _STEPS:
            _manage(python, title, command)
        return _serve(python, port)
    except CannotGoOn as problem:
        return tell(problem)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


def _free_port(written: str) -> int:
    """The number in PORT, when nothing listens there. Asked first: the rest takes minutes."""
    if not written.isascii() or not written.isdigit() or not 0 < int(written) < 65536:
        raise CannotGoOn(
            f"PORT={written} is no port number: give one from 1 to 65535, as in `make run PORT=8001`."
        )
    port = int(written)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError as error:
            raise CannotGoOn(
                f"Port {port} may not be used by you: `make run PORT=8001` takes another."
            ) from error
        except OSError as error:
            raise CannotGoOn(
                f"Port {port} is in use: `make run PORT={_other(port)}` takes another."
            ) from error
    return port


def _other(port: int) -> int:
    return port + 1 if port < 65535 else 8001


def _environment() -> dict[str, str]:
    return _ENVIRONMENT | dict(os.environ)


def environment_at(port: int) -> dict[str, str]:
    """What the processes run with: links in notices lead to this very site."""
    return {"SITE_URL": f"http://{_HOST}:{port}"} | _environment()


def _manage(python: Path, title: str, command: list[str]) -> None:
    print(f"{title} ...", flush=True)
    result = subprocess.run(
        [python, ROOT / "manage.py", *command],
        cwd=ROOT,
        env=_environment(),
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if result.returncode:
        _FAILURE_RECORD.write_text(result.stderr, encoding="utf-8")
        last = result.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
        raise CannotGoOn(f"{title} failed: {last[0]} (everything it said is in {_FAILURE_RECORD}).")


def programs(python: Path, port: int) -> dict[str, list[str | Path]]:
    """What runs beside each other, by name."""
    site: list[str | Path] = [python, "-m", "gunicorn", "config.wsgi"]
    site += [f"--bind={_HOST}:{port}", f"--workers={_WORKERS}"]
    site += ["--threads=4", "--log-level=warning", "--no-control-socket"]
    return {"site": site, "ticker": [python, ROOT / "manage.py", "ticker"]}


def _serve(python: Path, port: int) -> int:
    print(f"\nBihuan is at http://{_HOST}:{port}/ (Ctrl-C ends it)", flush=True)
    environment = environment_at(port)
    if environment["OUTGOING"] == "catch":
        outbox = Path(environment.get("VAR_DIR") or ROOT / "var") / "outbox"
        print(f"No notice leaves this machine: mails and messages are kept in {outbox}", flush=True)
    print(flush=True)
    return run_together(programs(python, port), environment)


def run_together(commands: dict[str, list[str | Path]], environment: dict[str, str]) -> int:
    """Start these processes by their names; when one ends, or we are stopped, the others are ended too."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            # A session of its own: Ctrl-C reaches us alone, and each is asked to end once.
            processes[name] = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
        name, code = _first_to_end(processes)
    finally:
        _end(processes.values())
    raise CannotGoOn(f"The {name} ended by itself with code {code}; its last words are above.")


def _first_to_end(processes: dict[str, subprocess.Popen[bytes]]) -> tuple[str, int]:
    while True:
        for name, process in processes.items():
            code = process.poll()
            if code is not None:
                return name, code
        time.sleep(0.2)


def _end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Each may end what it is doing; who does not within a minute, or before a second Ctrl-C, is killed."""
    asked = _running(processes)
    for process in asked:
        process.terminate()
    deadline = time.monotonic() + _LAST_WORDS
    try:
        while time.monotonic() < deadline and _running(asked):
            time.sleep(0.1)
    finally:
        for process in _running(asked):
            process.kill()
            process.wait()


def _running(processes: Iterable[subprocess.Popen[bytes]]) -> list[subprocess.Popen[bytes]]:
    return [process for process in processes if process.poll() is None]


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """A polite kill leaves as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
