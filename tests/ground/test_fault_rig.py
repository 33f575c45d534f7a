"""The command of the fault trials: what it says where it cannot try what it was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.injuries import FAULTS, SQLITE_FAULTS
from tests.faults.surroundings import KNOWN, missing_for

ROOT = Path(__file__).resolve().parents[2]


def try_once(fault: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.faults", "--trials", "1", "--fault", fault],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_fault_this_machine_has_not_the_means_for_is_refused_and_says_what_to_install(
    tmp_path: Path,
) -> None:
    written = ROOT / "faults.json"
    before = written.read_bytes() if written.exists() else None
    ran = try_once("F10", LIBFAKETIME=str(tmp_path / "nowhere.so"))

    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "F10 cannot be tried here: libfaketime is not installed: apt-get install libfaketime" in ran.stdout
    assert "Written" not in ran.stdout
    assert (written.read_bytes() if written.exists() else None) == before


def test_a_fault_that_there_is_not_is_refused_before_anything_is_started() -> None:
    ran = try_once("F99")

    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "F99 cannot be tried here: there is no such fault, only F1, F2" in ran.stdout
    assert {*FAULTS, *SQLITE_FAULTS} == set(KNOWN)


def test_a_library_that_lies_elsewhere_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBFAKETIME", str(tmp_path / "libfaketime.so.1"))
    assert "apt-get install libfaketime" in missing_for("F10")

    (tmp_path / "libfaketime.so.1").touch()
    assert missing_for("F10") == ""
    assert missing_for("F1") == ""
    assert "other database" in missing_for("F1", sqlite=True)
    assert "other database" in missing_for("S1", sqlite=False)
