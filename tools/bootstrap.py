"""Make the virtual environment `.venv` and install pinned requirements, by the standard library alone.

`python3 -m tools.bootstrap requirements-dev.txt`. Does nothing when these requirements are installed already.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PIP_RECORD = ROOT / "var" / "install.txt"
_NEW_ENOUGH = (3, 11)


class CannotGoOn(Exception):
    """What hinders, in one sentence for the person at the terminal, with what to do about it."""


def prepare_environment(requirements: str) -> Path:
    """Return the Python of `.venv` with the packages of the file `requirements` installed.

    Prints its progress. Raises `CannotGoOn` when Python is too old, the folder cannot be written or the
    package registry cannot be reached.
    """
    if sys.version_info < _NEW_ENOUGH:
        raise CannotGoOn(f"Python 3.11 or newer is needed, but this is {sys.version.split()[0]}: install it.")
    check_writable(ROOT)
    python = VENV / "bin" / "python"
    stamp = VENV / f"{requirements}.sha256"
    wanted = _fingerprint(requirements)
    if not _works(python):
        _make_environment(python)
    if not stamp.exists() or stamp.read_text(encoding="ascii") != wanted:
        _install(python, requirements)
        stamp.write_text(wanted, encoding="ascii")
    return python


def check_writable(folder: Path) -> None:
    """Raise `CannotGoOn` unless files can be made in `folder`."""
    probe = folder / ".writable"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotGoOn(
            f"The folder {folder} cannot be written ({error.strerror}): give yourself the right to it, "
            "or copy the project to a folder of your own."
        ) from error


def _fingerprint(requirements: str) -> str:
    texts = [(ROOT / name).read_bytes() for name in sorted({"requirements.txt", requirements})]
    return hashlib.sha256(b"\0".join([*texts, sys.version.encode()])).hexdigest()


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _make_environment(python: Path) -> None:
    print(f"Making a virtual environment in {VENV} ...", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    bundled_pip = importlib.util.find_spec("ensurepip") is not None
    if not bundled_pip and importlib.util.find_spec("pip") is None:
        raise CannotGoOn("This Python has no pip: install it (Debian, Ubuntu: apt-get install python3-venv).")
    try:
        venv.EnvBuilder(with_pip=bundled_pip, symlinks=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotGoOn(f"The virtual environment {VENV} could not be made ({error}).") from error
    if not _works(python):
        raise CannotGoOn(f"The Python in {VENV} does not start: delete that folder and try again.")


def _install(python: Path, requirements: str) -> None:
    print(f"Installing {requirements} (a few minutes the first time) ...", flush=True)
    own_pip = (VENV / "bin" / "pip").exists()
    pip: list[str | Path] = (
        [python, "-m", "pip"] if own_pip else [sys.executable, "-m", "pip", "--python", python]
    )
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--retries=2", "--timeout=20"]
    PIP_RECORD.parent.mkdir(exist_ok=True)
    command = [*pip, "install", *quiet, "-r", ROOT / requirements]
    with PIP_RECORD.open("w", encoding="utf-8") as record:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
        )
        for line in process.stdout or ():
            record.write(line)
            _show_progress(line)
        code = process.wait()
    if code:
        raise CannotGoOn(_why_install_failed(PIP_RECORD.read_text(encoding="utf-8")))


def _show_progress(line: str) -> None:
    if line.startswith(("Collecting ", "Installing collected packages")):
        print("  " + line.split(" (from")[0].split(":")[0].strip(), flush=True)


def _why_install_failed(words: str) -> str:
    if "from versions: none" in words or "Max retries exceeded" in words or "ConnectionError" in words:
        return (
            "The package registry cannot be reached: check the network (or PIP_INDEX_URL, HTTPS_PROXY) and "
            f"run the same command again; pip's own words are in {PIP_RECORD}."
        )
    if "No space left" in words:
        return "The disk is full: free about 1 GB and run the same command again."
    errors = [line for line in words.splitlines() if line.startswith("ERROR:")] or ["no reason given"]
    return f"pip could not install the packages ({errors[0]}); its own words are in {PIP_RECORD}."


def tell(problem: CannotGoOn) -> int:
    """Print the sentence on standard error; return the exit code."""
    print(f"\n{problem}", file=sys.stderr)
    return 1


def main(arguments: list[str]) -> int:
    try:
        prepare_environment(arguments[0])
    except CannotGoOn as problem:
        return tell(problem)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
