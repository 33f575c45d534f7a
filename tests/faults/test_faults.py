"""Two trials of each fault: the promises hold whatever is killed. ``make faults TRIALS=50`` makes more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.injuries import FAULTS, SQLITE_FAULTS
from tests.faults.surroundings import missing_for

ROOT = Path(__file__).resolve().parents[2]
TRIALS = "2"
PATIENCE = 30 * 60  # seconds; a machine that does nothing else takes a few minutes

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.postgresql]


def trials(out: Path, *arguments: str) -> list[dict[str, Any]]:
    """In a process of their own: the rig brings its own servers and settings."""
    kept_out = {"DATABASE_URL", "VAR_DIR", "DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST"}
    environment = {name: value for name, value in os.environ.items() if name not in kept_out}
    command = [sys.executable, "-m", "tests.faults", "--trials", TRIALS, "--out", str(out), *arguments]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results: list[dict[str, Any]] = json.loads(out.read_text())
    return results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of all faults this machine has the means for, on PostgreSQL."""
    return trials(tmp_path_factory.mktemp("faults") / "faults.json")


def test_whatever_is_killed_no_promise_is_broken(results: list[dict[str, Any]]) -> None:
    assert {row["fault"] for row in results} >= FAULTS.keys() - {"F10"}
    assert all(row["trials"] == int(TRIALS) and row["violations"] == 0 for row in results)


def test_clocks_that_jump_are_among_the_trials(results: list[dict[str, Any]]) -> None:
    if why := missing_for("F10"):
        pytest.skip(why)
    assert "F10" in {row["fault"] for row in results}


def test_on_sqlite_too(tmp_path: Path) -> None:
    results = trials(tmp_path / "faults.json", "--sqlite")

    assert {row["fault"] for row in results} == SQLITE_FAULTS.keys()
    assert all(row["violations"] == 0 for row in results)
