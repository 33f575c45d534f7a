"""What is wrong with a record sheet: where, which value, why, and what to do about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.exceptions import CaseError
from cases.record_sheet import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import Promise

MOST_SHOWN = 100  # more than a person works through before trying again
LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` and ``column`` are None and '' where the file as a whole is meant; lines count from 1."""

    line: int | None
    column: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        what = f"{self.reason} {self.remedy}".strip()
        where = self._place()
        return f"{where}: {what}" if where else what

    def _place(self) -> str:
        place = []
        if self.line is not None:
            place.append(_("line %(line)s") % {"line": self.line})
        if self.column:
            place.append(_("column %(column)s") % {"column": self.column})
        if self.value:
            place.append(_("“%(value)s”") % {"value": self.value})
        return ", ".join(place)


class SheetRefused(CaseError):
    """A file was refused as a whole, nothing of it stored. ``more`` problems are not among ``problems``."""

    def __init__(self, problems: Sequence[Problem], more: int = 0) -> None:
        super().__init__(str(problems[0]))
        self.problems = list(problems)
        self.more = more

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.more:
            lines.append(_("and %(count)s more problems") % {"count": self.more})
        return "\n".join(lines)


class CellRefused(Exception):
    """One cell cannot be understood; ``value`` is the part of it that is meant, where that is not all."""

    def __init__(self, reason: str | Promise, remedy: str | Promise, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.value = value


class Problems:
    """Collects the problems of one file, keeps the first hundred and counts the rest."""

    def __init__(self) -> None:
        self._shown: list[Problem] = []
        self._more = 0

    def add(
        self,
        reason: str | Promise,
        remedy: str | Promise,
        *,
        line: int | None = None,
        column: str = "",
        value: str = "",
    ) -> None:
        if len(self._shown) >= MOST_SHOWN:
            self._more += 1
            return
        self._shown.append(Problem(line, column, shortened(value), str(reason), str(remedy)))

    def refuse_if_any(self) -> None:
        if self._shown:
            raise SheetRefused(*self.in_reading_order())

    def in_reading_order(self) -> tuple[list[Problem], int]:
        """The problems kept, and how many more there were."""
        return sorted(self._shown, key=_reading_order), self._more


def _reading_order(problem: Problem) -> tuple[int, int]:
    column = COLUMNS.index(problem.column) if problem.column in COLUMNS else -1
    return problem.line or 0, column


def shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def refusal(
    reason: str | Promise,
    remedy: str | Promise,
    *,
    line: int | None = None,
    column: str = "",
    value: str = "",
) -> SheetRefused:
    """A refusal for one reason, to be raised."""
    return SheetRefused([Problem(line, column, shortened(value), str(reason), str(remedy))])
