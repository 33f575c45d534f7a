"""Refusals a person at the screen can understand and put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import Promise

    from cases.models import Case, CaseEvent


class CaseError(Exception):
    """Something was refused; the text says what and, where it can, what to do instead."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class CaseNotFound(CaseError):
    """There is no such case among those this person may see; the two are not told apart."""

    def __init__(self) -> None:
        super().__init__(_("There is no such case among those you may see."))


class NotPermitted(CaseError):
    def __init__(self, reason: str | Promise | None = None) -> None:
        super().__init__(reason or _("Your role may not do this."))


class NotPossible(CaseError):
    def __init__(self, reason: str | Promise | None = None) -> None:
        super().__init__(reason or _("This is not possible in the present state of the case."))


class InvalidInput(CaseError):
    """One answer of a dialog is missing or wrong; ``field`` names it."""

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class StalePage(CaseError):
    """The case moved on after the page was opened; ``events`` are what happened meanwhile."""

    def __init__(self, case: Case, events: Sequence[CaseEvent]) -> None:
        super().__init__(_("The case has changed since you opened it. Nothing was saved."))
        self.case = case
        self.events = events
