"""What the clients of a trial were told, on the disk before they go on."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.browser import Answer


@dataclass
class Journal:
    """
    ``accepted`` are cases the site said yes to, ``brought_in`` rows of record sheets it said it has imported,
    ``sheets`` the rows of every sheet that was sent. ``broken`` are pages that failed, ``wrong`` is what a
    client saw to be wrong itself.
    """

    path: Path
    accepted: list[int] = field(default_factory=list)
    brought_in: list[str] = field(default_factory=list)
    sheets: list[Sequence[str]] = field(default_factory=list)
    taken_out: int = 0
    broken: list[str] = field(default_factory=list)
    wrong: dict[str, list[Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, case_id: int) -> None:
        with self._lock:
            self._write({"case": case_id})
            self.accepted.append(case_id)

    def bring_in(self, numbers: Sequence[str]) -> None:
        with self._lock:
            self._write({"rows": list(numbers)})
            self.brought_in += numbers

    def _write(self, line: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def look_at(self, answer: Answer) -> Answer:
        """A page of ours that failed without saying 503 is a fault, whatever was broken behind it."""
        with self._lock:
            if answer.status == 500:
                self.broken.append(f"{answer.url}: {answer.body[:200]}")
        return answer

    def blame(self, promise: str, *rows: Any) -> None:
        with self._lock:
            self.wrong.setdefault(promise, []).extend(rows)
