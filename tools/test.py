"""Run the tests: `python -m tools.test [--sqlite | --postgres] [pytest arguments]`.

Without a choice: on SQLite the tests whose outcome may depend on the database, then the whole suite on a
PostgreSQL started for this run, the fault trials last and alone. It stops at the first run that fails, so
that the last line is always the verdict. One file on PostgreSQL:
`python -m tools.test --postgres tests/ground/test_database.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from types import FrameType
from typing import NoReturn

from tools.postgres import temporary_postgres

_NOTHING_COLLECTED = 5
_INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Exit code of the first failing run, or 0."""
    chosen = {"--sqlite", "--postgres"} & set(arguments) or {"--sqlite", "--postgres"}
    rest = [argument for argument in arguments if argument not in {"--sqlite", "--postgres"}]
    code = 0
    if "--sqlite" in chosen:
        code = _test_on_sqlite(rest, alone="--postgres" not in chosen)
    if code == 0 and "--postgres" in chosen:
        code = _test_on_postgres(rest)
    return code


def _test_on_sqlite(arguments: list[str], *, alone: bool) -> int:
    """All that was named, when SQLite alone was asked for; else what also holds on PostgreSQL."""
    print("== SQLite ==", flush=True)
    named = _names_tests(arguments)
    selection = [] if alone and named else ["-m", "both_databases"]
    code = _pytest([*selection, *arguments], parallel=not named, database_url="")
    if code != _NOTHING_COLLECTED:
        return code
    if not named:
        print("Not one test was chosen for SQLite: the marks of tests/plugin.py are broken.", file=sys.stderr)
    return 0 if selection and named else code


def _test_on_postgres(arguments: list[str]) -> int:
    print("== PostgreSQL ==", flush=True)
    with temporary_postgres() as url:
        if _names_tests(arguments):
            return _pytest(arguments, parallel=False, database_url=url)
        code = _pytest(["-m", "not faults", *arguments], parallel=True, database_url=url)
        if code:
            return code
        print("== Faults ==", flush=True)  # alone: what they measure is also what else the machine does
        return _pytest([*arguments, "tests/faults"], parallel=False, database_url=url)


def _names_tests(arguments: list[str]) -> bool:
    return any(argument.startswith("tests") for argument in arguments)


def _pytest(arguments: list[str], *, parallel: bool, database_url: str) -> int:
    """Exit code of pytest, run with a folder for data of its own."""
    workers = ["-n", str(_workers())] if parallel else []
    with tempfile.TemporaryDirectory(prefix="bihuan-test-") as folder:
        environment = os.environ | {"DATABASE_URL": database_url, "VAR_DIR": folder}
        command = [sys.executable, "-m", "pytest", "-rs", *workers, *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


def _workers() -> int:
    return min(os.cpu_count() or 1, 8)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """A polite kill leaves through the same doors as Ctrl-C: the server is stopped, the folders go."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
