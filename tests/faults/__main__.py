"""
Fault trials: ``python -m tests.faults --trials 2 [--fault F1] [--sqlite] [--out faults.json]``.

Starts its own servers, prints a table and writes a list with one object for each fault. Exit code 1 when a
promise was broken; the folder with everything the programs said is then kept and named. Exit code 2, at once,
when a fault was asked for by name that there is not, or for which this machine has not the means; of all
faults it is left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from tests.faults.surroundings import missing_for

if TYPE_CHECKING:
    from tests.faults.trials import Result

HEAD = (
    f"{'fault':<6} {'trials':>6} {'violations':>10} {'p50 s':>7} {'p99 s':>7} {'max s':>7} {'doubles':>7}"
    f" {'s each':>7}"
)

NOT_HERE = 2  # exit code


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    if lacking := [
        f"{fault} cannot be tried here: {why}"
        for fault in options.fault
        if (why := missing_for(fault, sqlite=options.sqlite))
    ]:
        say("\n".join(lacking))
        return NOT_HERE
    folder = Path(tempfile.mkdtemp(prefix="bihuan-faults-"))
    results = run(folder, options)
    if options.out:
        Path(options.out).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    broken = any(result["violations"] for result in results)
    if broken:
        say(f"What the programs said is kept in {folder}.")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--sqlite", action="store_true", help="kill -9 on SQLite, without a broker")
    parser.add_argument("--out", default="")
    return parser


def run(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    from tests.faults.ground import ground_in

    with ground_in(folder, sqlite=options.sqlite) as ground:
        import django

        django.setup()
        from tests.faults.founding import make_world
        from tests.faults.injuries import FAULTS, SQLITE_FAULTS
        from tests.faults.trial import NotHere
        from tests.faults.trials import run_trials

        world = make_world(ground)
        ground.begin()
        results: list[Result] = []
        say(HEAD)
        for fault in options.fault or (SQLITE_FAULTS if options.sqlite else FAULTS):
            try:
                result = run_trials(ground, world, fault, options.trials, say)
            except NotHere as missing:
                say(f"{fault:<6} skipped: {missing}")
                continue
            results.append(result)
            say(row_of(result))
        # In the order of their numbers, in whatever order they were tried.
        return [result.as_json() for result in sorted(results, key=lambda one: int(one.fault[1:]))]


def row_of(result: Result) -> str:
    late = result.as_json()["lateness"]
    numbers = f"{late['p50']:>7.2f} {late['p99']:>7.2f} {late['max']:>7.2f} {result.doubles:>7}"
    each = result.seconds / result.trials
    return f"{result.fault:<6} {result.trials:>6} {result.violations:>10} {numbers} {each:>7.1f}"


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """A polite kill leaves as Ctrl-C does: servers are stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
