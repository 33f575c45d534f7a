"""Prepare everything and serve the site on 127.0.0.1: what `make run` does, from a bare Python.

Environment: PORT (default 8000) and whatever config/settings.py reads. Ctrl-C ends all that was started.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tools.bootstrap import ROOT, CannotGoOn, check_writable, prepare_environment, tell

_HOST = "127.0.0.1"
_WORKERS = 2  # SQLite queues its writers: more processes would only wait for one another
_FAILURE_RECORD = ROOT / "var" / "failure.txt"
# For looking at the product on one's own machine: no certificate, and the demo logins work at once.
_ENVIRONMENT = {"HTTPS": "false", "OTP_REQUIRED_ROLES": "", "LOG_LEVEL": "WARNING"}
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


def _serve(python: Path, port: int) -> int:
    command: list[str | Path] = [
        python,
        "-m",
        "gunicorn",
        "config.wsgi",
        f"--bind={_HOST}:{port}",
        f"--workers={_WORKERS}",
    ]
    options = ["--threads=4", "--log-level=warning", "--no-control-socket"]
    print(f"\nBihuan is at http://{_HOST}:{port}/ (Ctrl-C ends it)\n", flush=True)
    server = subprocess.Popen([*command, *options], cwd=ROOT, env=_environment())
    try:
        code = server.wait()
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait()
    if code:
        raise CannotGoOn(f"The site ended by itself with code {code}; its last words are above.")
    return 0


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """A polite kill leaves as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
