"""The rows of the lifecycle table as transitions of django-fsm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec

from django_fsm import transition

from cases.lifecycle import MOVES, permission_for

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def move(method: Callable[P, None]) -> Callable[P, None]:
    """Make a model method the transition its name has in the table."""
    row = MOVES[method.__name__]
    conditions: list[Callable[[Any], bool]] = [*row.conditions]
    decorate: Callable[[Callable[P, None]], Callable[P, None]] = transition(
        field="state",
        source=list(row.every_source),
        target=row.target,
        conditions=conditions,
        permission=f"cases.{permission_for(method.__name__)}",
        custom={"label": row.label},
    )
    return decorate(method)
