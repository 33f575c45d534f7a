"""The lifecycle as the program has it: a picture and a table, for whoever wants to know why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from cases.choices import State
from cases.drawing import draw_lifecycle
from cases.lifecycle import MOVES
from cases.models import Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

    from cases.asking import Move


@dataclass(frozen=True)
class TableRow:
    """One transition in words; ``refusals`` are the sentences shown when it is not possible."""

    label: str
    roles: list[str]
    sources: list[str]
    target: str
    refusals: list[str]
    asks: list[str]


def lifecycle_view(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("cases.view_case"):
        raise PermissionDenied
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "opts": Case._meta,
        "title": _("The lifecycle of a case"),
        "picture": mark_safe(draw_lifecycle()),  # made of our own labels, escaped where they are drawn
        "rows": [table_row(row) for row in MOVES.values()],
    }
    return TemplateResponse(request, "admin/cases/case/lifecycle.html", context)


def table_row(row: Move) -> TableRow:
    return TableRow(
        label=str(row.label),
        roles=[str(role.label) for role in row.roles]
        + ([_("System or customer")] if row.without_actor else []),
        sources=[str(state.label) for state in row.every_source],
        target=str(State(row.target).label) if row.target else "",
        refusals=[str(rule.reason) for rule in (row.relation, *row.conditions)] if row.roles else [],
        asks=list(asks_of(row)),
    )


def asks_of(row: Move) -> Iterator[str]:
    """Labels of what the dialog demands; what it only accepts stands in brackets."""
    for item in row.inputs:
        yield str(item.label) if item.required else f"({item.label})"
    yield _("Note") if row.note_required else f"({_('Note')})"
