"""Measure speed: `python -m tools.bench --cases 1000000`.

With DATABASE_URL in the environment, on that database. Without, on a PostgreSQL of its own and then on
SQLite, where more than 100,000 cases would measure what nobody should run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.postgres import postgres_in
from tools.valkey import temporary_valkey

_SQLITE_CASES = 100_000


def main(arguments: list[str]) -> int:
    """Exit code of the first command that failed, or 0."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench")
    parser.add_argument("--cases", type=int, default=_SQLITE_CASES)
    cases: int = parser.parse_args(arguments).cases
    with temporary_valkey() as broker:  # for what is measured beside us
        return _bench_databases(cases, {"REDIS_URL": broker})


def _bench_databases(cases: int, extra: dict[str, str]) -> int:
    if os.environ.get("DATABASE_URL"):
        return _bench(cases, extra)
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder, postgres_in(Path(folder)) as url:
        code = _bench(cases, extra | {"DATABASE_URL": url, "STATEMENT_TIMEOUT": "0"})
    if code:
        return code
    with tempfile.TemporaryDirectory(prefix="bihuan-bench-") as folder:
        return _bench(min(cases, _SQLITE_CASES), extra | {"VAR_DIR": folder}, "--add")


def _bench(cases: int, extra: dict[str, str], *options: str) -> int:
    environment = os.environ | extra
    for command in (["migrate", "--verbosity=0"], ["bench", f"--cases={cases}", *options]):
        code = subprocess.run(
            [sys.executable, "manage.py", *command], env=environment, check=False
        ).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
