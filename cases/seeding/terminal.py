"""What a long or chatty command shows on a terminal: tables that respect wide characters, and progress."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence

from django.core.management.base import OutputWrapper

BAR_WIDTH = 30
SECONDS_BETWEEN_LINES = 0.5


def width(text: str) -> int:
    """Columns the text takes on a terminal, where Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns under their heads, two spaces apart."""
    lines = [head, *rows]
    widths = [max(width(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * most for most in widths]
    return "\n".join(_line(line, widths) for line in [head, rule, *rows])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (most - width(cell)) for cell, most in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()


class Progress:
    """A bar on a terminal, a line every tenth of the way elsewhere; ``total`` steps in all."""

    def __init__(self, out: OutputWrapper, what: str, total: int) -> None:
        self.out, self.what, self.total = out, what, max(total, 1)
        self.begun = self.shown_at = time.monotonic()
        self.tenth = 0
        self.live = out.isatty()

    def show(self, done: int) -> None:
        """``done`` of ``total``; cheap enough to be called after every chunk."""
        now, tenth = time.monotonic(), done * 10 // self.total
        if self.live and (done >= self.total or now - self.shown_at > SECONDS_BETWEEN_LINES):
            self.shown_at = now
            full = done * BAR_WIDTH // self.total
            bar = "█" * full + "·" * (BAR_WIDTH - full)
            self.out.write(f"\r{self.what} {bar} {self._figures(done, now)}\033[K")
            self.out.write("\n" if done >= self.total else "")
        elif not self.live and tenth > self.tenth:
            self.out.write(f"{self.what} {self._figures(done, now)}\n")
        self.tenth = tenth
        self.out.flush()

    def _figures(self, done: int, now: float) -> str:
        spent = now - self.begun
        left = spent / done * (self.total - done) if done else 0
        return f"{done:,} of {self.total:,}, {spent:.0f} s, {left:.0f} s left"
