"""Names of the rows that events mention by id, found set-wise."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import get_language

from cases.models import Case, Staff, Team, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable

Reference = tuple[str, int]
SOURCES: dict[str, tuple[Any, str, str]] = {
    # kind: model, name, English name
    "staff": (Staff, "name", ""),
    "team": (Team, "name", "name_en"),
    "topic": (Topic, "name", "name_en"),
    "case": (Case, "number", ""),
}


def resolve_names(references: Iterable[Reference]) -> dict[Reference, str]:
    """What each (kind, id) is called in the active language, in one query whatever their number."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for kind, pk in references:
        wanted[kind].add(pk)
    parts = [_names(kind, ids) for kind, ids in sorted(wanted.items())]
    if not parts:
        return {}
    first, *others = parts
    rows = first.union(*others, all=True) if others else first
    return {(kind, pk): name for kind, pk, name in rows}


def _names(kind: str, ids: set[int]) -> Any:
    model, name, english = SOURCES[kind]
    in_english = english and (get_language() or "").startswith("en")
    shown = Coalesce(NullIf(F(english), Value("")), F(name)) if in_english else F(name)
    return (
        model.objects.order_by()
        .filter(pk__in=ids)
        .annotate(kind=Value(kind, output_field=CharField()), shown=shown)
        .values_list("kind", "pk", "shown")
    )
