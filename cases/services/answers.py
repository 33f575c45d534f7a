"""Whether the answers given to a transition are those its row of the table asks for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from cases.asking import Ask
from cases.choices import CaseType, Channel, Region, Urgency, WaitingFor
from cases.exceptions import InvalidInput

if TYPE_CHECKING:
    from cases.asking import Input, Move

CHOICES: dict[Ask, list[str]] = {
    Ask.CHANNEL: Channel.values,
    Ask.REGION: Region.values,
    Ask.TYPE: CaseType.values,
    Ask.URGENCY: Urgency.values,
    Ask.WAITING_FOR: WaitingFor.values,
}
MOST_AMOUNT = Decimal(10_000_000_000)  # CNY; the column holds ten digits before the point


def checked_answers(row: Move, data: dict[str, Any]) -> dict[str, Any]:
    """
    The answers as given. Raises InvalidInput where one is missing or no possible value, and TypeError
    where the caller gives one that nobody asked for.
    """
    if unknown := data.keys() - {item.name for item in row.inputs}:
        raise TypeError(f"unknown answers: {', '.join(sorted(unknown))}")
    for item in row.inputs:
        _refuse_missing(item, data.get(item.name))
        if item.ask in CHOICES:
            refuse_unknown_choice(item.name, data.get(item.name) or "", ["", *CHOICES[item.ask]])
        if item.ask is Ask.AMOUNT:
            refuse_unfit_amount(item.name, data.get(item.name))
    return data


def _refuse_missing(item: Input, value: Any) -> None:
    if item.required and (value is None or (isinstance(value, str) and not value.strip())):
        raise InvalidInput(item.name, _("“%(field)s” must be filled in.") % {"field": item.label})


def refuse_unknown_choice(field: str, value: str, choices: list[str]) -> None:
    """Raises InvalidInput unless the value is one of these."""
    if value not in choices:
        raise InvalidInput(field, _("“%(value)s” is none of the choices.") % {"value": value})


def refuse_unfit_amount(field: str, value: Decimal | None) -> None:
    """Raises InvalidInput unless the amount is empty or what the column holds exactly, in CNY."""
    if value is None:
        return
    if not (value.is_finite() and 0 <= value < MOST_AMOUNT):
        raise InvalidInput(field, _("An amount is 0 or more and less than 10,000,000,000."))
    if value != value.quantize(Decimal("0.01")):
        raise InvalidInput(field, _("An amount has at most two decimals."))
