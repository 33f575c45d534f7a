from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bootstrap import ROOT, CannotGoOn, check_writable
from tools.run import environment_at, programs, run_together


def run_with_port(port: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.run"]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PORT": port}, capture_output=True, text=True, check=False
    )


def only_sentence_of(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr.strip()


def test_a_used_port_is_said_before_anything_is_installed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert only_sentence_of(run_with_port(str(port))).startswith(f"Port {port} is in use")


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "８０００", "-1"])
def test_what_is_no_port_number_is_refused_in_one_sentence(port: str) -> None:
    assert f"PORT={port} is no port number" in only_sentence_of(run_with_port(port))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CannotGoOn, match=f"The folder {file} cannot be written"):
        check_writable(file)


def test_without_a_new_python_make_says_so_in_one_sentence(tmp_path: Path) -> None:
    for name in ("sh", "make"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    command = [str(tmp_path / "make"), "--silent", "-C", str(ROOT), "run"]
    result = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert result.stderr.startswith("Python 3.11 or newer is needed and was not found")


# Waits to be asked to end. That its file is there says that it waits, and what is in it that it was asked. A
# handler could interrupt the writing of other words, which would then overwrite its own.
LONG = """
import pathlib, signal, sys
words = pathlib.Path(sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
words.touch()
signal.sigwait([signal.SIGTERM])
words.write_text("ended")
"""


def test_clocks_are_worked_on_and_nothing_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTGOING", "SITE_URL"):
        monkeypatch.delenv(name, raising=False)
    commands = programs(Path("python"), 8001)
    assert commands["ticker"][-2:] == [ROOT / "manage.py", "ticker"]
    assert "--bind=127.0.0.1:8001" in commands["site"]
    assert environment_at(8001)["OUTGOING"] == "catch"


def test_when_the_ticker_ends_the_site_is_ended_and_it_is_said(tmp_path: Path) -> None:
    words = tmp_path / "words"
    short = "import pathlib, sys\nwhile not pathlib.Path(sys.argv[1]).exists(): pass\nsys.exit(3)"
    commands: dict[str, list[str | Path]] = {
        "site": [sys.executable, "-c", LONG, words],
        "ticker": [sys.executable, "-c", short, words],
    }
    with pytest.raises(CannotGoOn, match="The ticker ended by itself with code 3"):
        run_together(commands, dict(os.environ))
    assert words.read_text() == "ended"


def test_a_polite_kill_ends_both(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    starter = f"""
import os, signal, sys
from tools.run import _stop, run_together
signal.signal(signal.SIGTERM, _stop)
commands = {{name: [sys.executable, "-c", {LONG!r}, name] for name in {[str(first), str(second)]!r}}}
try:
    run_together(commands, dict(os.environ))
except KeyboardInterrupt:
    sys.exit(0)
"""
    with subprocess.Popen([sys.executable, "-c", starter], cwd=ROOT) as process:
        while not (first.exists() and second.exists() and process.poll() is None):
            assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 0
    assert first.read_text() == second.read_text() == "ended"
