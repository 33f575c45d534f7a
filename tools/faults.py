"""
Fault trials on real servers: ``python -m tools.faults --trials 50 [--fault F1]``.

First with PostgreSQL, a broker and workers, then on SQLite with the ticker alone. Writes faults.json, a list
with one object for each fault. ``--markdown`` prints the table of that file for a document instead.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.surroundings import ON_SQLITE
from tools.bootstrap import ROOT

FILE = ROOT / "faults.json"


def main(arguments: list[str]) -> int:
    """
    Exit code 1 when a promise was broken, 2 when the fault asked for cannot be tried on this machine; then
    faults.json stays as it is.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.faults")
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--fault", default="")
    parser.add_argument("--markdown", action="store_true", help="print the table of faults.json")
    options = parser.parse_args(arguments)
    if options.markdown:
        print(as_markdown(json.loads(FILE.read_text(encoding="utf-8"))))
        return 0
    results: list[dict[str, Any]] = []
    code = 0
    for leg in _legs(options.fault):
        leg_code, found = _run(leg, options.trials)
        code, results = code or leg_code, [*results, *found]
    if not results:
        return code or 1
    FILE.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"Written: {FILE}")
    return code


def _legs(fault: str) -> list[list[str]]:
    """What each run of the rig is told: of one fault where it belongs, of all first on PostgreSQL."""
    if not fault:
        return [[], ["--sqlite"]]
    return [[*(["--sqlite"] if fault in ON_SQLITE else []), "--fault", fault]]


def _run(arguments: list[str], trials: int) -> tuple[int, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix="bihuan-results-") as folder:
        out = Path(folder) / "faults.json"
        command = [
            sys.executable,
            "-m",
            "tests.faults",
            "--trials",
            str(trials),
            "--out",
            str(out),
            *arguments,
        ]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else []
    return code, found


def as_markdown(results: list[dict[str, Any]]) -> str:
    """A table with a row for each fault."""
    head = "| fault | trials | violations | lateness p50 / p99 / max, s | doubles |"
    rows = [
        f"| {row['fault']} | {row['trials']} | {row['violations']} | {row['lateness']['p50']} / "
        f"{row['lateness']['p99']} / {row['lateness']['max']} | {row['doubles']} |"
        for row in results
    ]
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
