"""One measured figure beside its aim and a plain baseline. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

# Of these, more is better; of times, counts and megabytes, less.
RATES = frozenset({"rows/s", "writes/s", "clocks/s", "cases/s", "events/s", "deadlines/s"})


@dataclass(frozen=True)
class Figure:
    """
    ``aim`` is the limit set in the paper on speed, None where it sets none; ``baseline`` the same work done
    in the plain way within the same run. ``ratio`` says how many times better ours is.
    """

    name: str
    figure: float
    unit: str
    cases: int
    database: str
    aim: float | None = None
    baseline: float | None = None

    @property
    def ratio(self) -> float | None:
        if self.baseline is None:
            return None
        better, worse = (self.figure, self.baseline) if self.unit in RATES else (self.baseline, self.figure)
        return round(better / worse, 1) if worse else None

    @property
    def is_met(self) -> bool | None:
        if self.aim is None:
            return None
        return self.figure >= self.aim if self.unit in RATES else self.figure <= self.aim

    def row(self) -> dict[str, Any]:
        """As ``bench.json`` keeps it."""
        kept = asdict(self) | {"ratio": self.ratio}
        return {name: kept[name] for name in COLUMNS}


COLUMNS = ("name", "figure", "unit", "aim", "baseline", "ratio", "cases", "database")
HEAD = ("what", "figure", "unit", "aim", "baseline", "ratio", "met")


def lines(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """As the terminal shows them, under HEAD."""
    return [
        (
            each.name,
            _short(each.figure),
            each.unit,
            _short(each.aim),
            _short(each.baseline),
            _short(each.ratio),
            {None: "", True: "yes", False: "NO"}[each.is_met],
        )
        for each in figures
    ]


def _short(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.1f}"
