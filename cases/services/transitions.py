"""The one write path: every change of a case goes through ``transition_case``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cases.asking import Move
from cases.exceptions import InvalidInput, NotPermitted, NotPossible
from cases.lifecycle import MOVES, permission_for
from cases.models import Case, CaseEvent
from cases.services import handling, outcomes
from cases.services.answers import checked_answers
from cases.services.steps import (
    SENT_AS,
    Step,
    finish_step,
    lock_case,
    refuse_other_answers,
    refuse_stale,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import Promise

    from cases.models import Staff

DOING: dict[str, Callable[[Step], None]] = {**handling.DOING, **outcomes.DOING}


@transaction.atomic
def transition_case(
    case_id: int,
    name: str,
    *,
    actor: Staff | None,
    note: str = "",
    expected_version: int | None = None,
    cause_key: str | None = None,
    cause_digest: str = "",
    **data: Any,
) -> Case:
    """
    Make the named transition: rights, conditions and answers checked, one event, all in one transaction.

    ``actor`` None is the system or the customer. ``expected_version`` is the version the page showed; if
    the case moved on since, StalePage says what happened. The same ``cause_key`` twice changes nothing the
    second time; where ``cause_digest`` tells that it came with other answers, that is a StalePage too.
    Answers are those of the table (``cases.lifecycle``), as instances, aware datetimes and
    plain values. Raises CaseError with a sentence for the person, and then nothing has changed.
    """
    others = [value.pk for value in data.values() if isinstance(value, Case)]
    case = lock_case(case_id, with_others=others, seen_by=actor)
    if cause_key and (known := CaseEvent.objects.filter(cause_key=cause_key).first()):
        refuse_other_answers(case, known, cause_digest)
        return case
    refuse_stale(case, expected_version)
    step = make_step(case, name, actor=actor, note=note, cause_key=cause_key, **data)
    if cause_digest:
        step.kept[SENT_AS] = cause_digest
    finish_step(step)
    return case


def make_step(
    case: Case,
    name: str,
    *,
    actor: Staff | None,
    note: str = "",
    cause_key: str | None = None,
    **data: Any,
) -> Step:
    """
    The named transition of a locked case, for ``finish_step``: decided and made in memory.

    Raises CaseError as ``transition_case`` does; the instance may then be changed in part, and is of no use.
    """
    assert actor is None or case.locked_for == actor, "the row scope was not asked for this person"
    row = MOVES[name]
    reason = refusal(case, name, actor)
    if reason is not None:
        raise reason
    step = Step(
        case, name, actor, case.locked_at, note.strip(), checked_answers(row, data), cause_key=cause_key
    )
    _refuse_missing_note(row, step)
    DOING[name](step)
    return step


def refusal(case: Case, name: str, actor: Staff | None) -> NotPermitted | NotPossible | None:
    """Why this person may not make this transition now, or None. Writes nothing."""
    row = MOVES[name]
    if case.state not in (row.sources if actor else row.every_source):
        return NotPossible(
            _("“%(move)s” is not possible in the state “%(state)s”.")
            % {"move": row.label, "state": case.get_state_display()}
        )
    if not _has_right(row, name, actor):
        return NotPermitted()
    if not row.relation(case, actor):
        return NotPermitted(row.relation.reason)
    unmet = next((condition for condition in row.conditions if not condition(case)), None)
    return NotPossible(unmet.reason) if unmet else None


def _has_right(row: Move, name: str, actor: Staff | None) -> bool:
    if actor is None:
        return row.without_actor
    return bool(row.roles) and actor.has_perm(f"cases.{permission_for(name)}")


@dataclass(frozen=True)
class Offer:
    """A transition this person has the right to; ``reason`` says what still stands in the way."""

    name: str
    row: Move
    reason: str | Promise | None


def offers(case: Case, staff: Staff) -> list[Offer]:
    """What the case page offers this person now, the likely next step first."""
    found = []
    for name, row in MOVES.items():
        if case.state not in row.sources or any(c.hides and not c(case) for c in row.conditions):
            continue
        why = refusal(case, name, staff)
        if not isinstance(why, NotPermitted):
            found.append(Offer(name, row, why.message if why else None))
    return sorted(found, key=lambda offer: (offer.reason is not None, not offer.row.likely))


def _refuse_missing_note(row: Move, step: Step) -> None:
    if row.note_required and not step.note:
        raise InvalidInput("note", _("Write a note: this step needs a reason."))
