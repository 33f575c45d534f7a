"""F10: the clocks of programs jump under them while they work; that of the database is right throughout."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.trial import BREAK, NotHere, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.ground import Ground

MISSING = "libfaketime is not installed: apt-get install libfaketime (LIBFAKETIME names another)."
JUMPS = ("+1h", "-1h", "+25h", "-25h")
RIGHT = "+0"
NOTICED_WITHIN = 2.0  # seconds from the setting of the watches to the last program that goes by them


def faketime() -> Path | None:
    """The library that tells programs another time; None where this machine has none."""
    if named := os.environ.get("LIBFAKETIME"):
        return Path(named) if Path(named).exists() else None
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@contextmanager
def watches_that_can_be_set(ground: Ground) -> Iterator[None]:
    """Every program of the product reads the time through libfaketime, and rightly at first."""
    library = faketime()
    if library is None:
        raise NotHere(MISSING)
    set_watches(ground, RIGHT)
    ground.restart(
        LD_PRELOAD=str(library),
        FAKETIME_TIMESTAMP_FILE=str(_watch(ground)),
        FAKETIME_CACHE_DURATION="1",  # s; with the file read at every look a page takes half a minute
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        FAKETIME_FORCE_MONOTONIC_FIX="0",  # else threads of Python that wait for their turn wait too long
        NO_FAKE_STAT="1",
        PYTHONPATH=str(Path(__file__).parent / "under_libfaketime"),
    )
    yield
    ground.restart()


def f10_clocks_jump(trial: Trial) -> None:
    """By an hour or by a day and an hour, either way, and back again."""
    trial.wait(BREAK / 2)
    set_watches(trial.ground, random.choice(JUMPS))
    time.sleep(NOTICED_WITHIN + BREAK)
    set_watches(trial.ground, RIGHT)
    time.sleep(NOTICED_WITHIN)


def set_watches(ground: Ground, offset: str) -> None:
    """At one stroke: nobody reads half a file."""
    new = ground.folder / "watch.new"
    new.write_text(offset + "\n")
    os.replace(new, _watch(ground))


def _watch(ground: Ground) -> Path:
    return ground.folder / "watch.txt"
