"""Delivering a result, the customer's word on it, and the ways a case ends or begins again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.choices import Outcome, ScoreSource
from cases.exceptions import CaseNotFound, InvalidInput, NotPossible
from cases.models import Case
from cases.services.assignment import second_handler
from cases.services.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.models import Round

WORD = ("solved", "score", "score_source", "score_channel", "comment")
LOWEST_SATISFIED_SCORE = 3  # lifecycle paper: confirm takes a score of at least 3, dispute one of at most 2


def answer_directly(step: Step) -> None:
    step.case.answer_directly()
    step.change_round(result=step.data["result"], delivered_at=step.at, answered_directly=True)


def deliver(step: Step) -> None:
    case, proof = step.case, step.data.get("proof") or ""
    if case.topic and case.topic.needs_proof and not proof.strip():
        raise InvalidInput(
            "proof", _("This topic needs proof, such as a tracking number or a repair record.")
        )
    case.deliver()
    step.change_round(result=step.data["result"], proof=proof, delivered_at=step.at)


def confirm(step: Step) -> None:
    _refuse_unfounded(step)
    if step.data["score"] < LOWEST_SATISFIED_SCORE:
        raise InvalidInput(
            "score", _("A score of 1 or 2 is not satisfied: choose “Customer is not satisfied”.")
        )
    step.case.confirm(at=step.at)
    step.close_round(solved=True, **_word(step))


def dispute(step: Step) -> None:
    """A new round, in the hands of a supervisor who has not handled the case so far."""
    _refuse_unfounded(step)
    solved, score = bool(step.data.get("solved")), step.data.get("score")
    if solved and (score is None or score >= LOWEST_SATISFIED_SCORE):
        raise InvalidInput("score", _("Solved with 3 or more is satisfied: choose “Customer confirms”."))
    if step.case.is_open:
        step.close_round(solved=solved, **_word(step))
    else:
        step.change_round(solved=solved, **_word(step))
    chosen = second_handler(step.case, step.at)
    step.kept.update(was=step.case.handler_id, handler=chosen.staff, because=chosen.because)
    step.case.dispute(handler=chosen.staff, at=step.at)
    step.open_round(needs_plan=True)


def _refuse_unfounded(step: Step) -> None:
    """What staff enter on behalf of the customer needs its channel and a note; scores are 1 to 5."""
    score = step.data.get("score")
    if score is not None and score not in range(1, 6):
        raise InvalidInput("score", _("A score is a whole number from 1 to 5."))
    if step.actor is None:
        return
    if not step.data.get("channel"):
        raise InvalidInput("channel", _("Say by which channel the customer told you."))
    if not step.note:
        raise InvalidInput("note", _("Write down what the customer said: you enter this on their behalf."))


def _word(step: Step) -> dict[str, object]:
    score = step.data.get("score")
    source = ScoreSource.ON_BEHALF if step.actor else ScoreSource.CUSTOMER
    return {
        "answered_at": step.case.current_round.answered_at or step.at,
        "score": score,
        "score_source": source if score is not None else "",
        "score_channel": step.data.get("channel") or "",
        "comment": step.data.get("comment") or "",
    }


def change_word(step: Step) -> None:
    """
    The customer thought again within a day, or answered after the case had been archived for silence.

    The word goes to the round it is about, the one before stays in the event. Whoever is no longer satisfied
    with what closed the case disputes it instead.
    """
    _refuse_unfounded(step)
    about = step.case.rounds.filter(number=step.data["of_round"]).first()
    if about is None:
        raise InvalidInput("of_round", _("This case has no such round."))
    _refuse_change(about, step)
    step.kept["was"] = {name: getattr(about, name) for name in WORD}
    step.case.change_word()
    _write_word(about, step)


def was_silent(case: Case, about: Round) -> bool:
    """Whether the case was archived because the customer said nothing, and they have said nothing since."""
    unanswered = case.outcome == Outcome.UNANSWERED and about.answered_at is None
    return unanswered and about.number == case.round_number


def _refuse_change(about: Round, step: Step) -> None:
    case, solved, score = step.case, step.data["solved"], step.data.get("score")
    if not (was_silent(case, about) or about.word_may_change(step.at)):
        raise NotPossible(_("The time for changing this answer has passed. Register a new case instead."))
    if solved and score is None:
        raise InvalidInput("score", _("Choose how satisfied you are."))
    if about.number == case.round_number and not (case.is_open or is_satisfied(solved, score)):
        raise NotPossible(_("A customer who is not satisfied disputes the result."))


def _write_word(about: Round, step: Step) -> None:
    values = _word(step) | {"solved": step.data["solved"], "answered_at": about.answered_at or step.at}
    for name, value in values.items():
        setattr(about, name, value)
    about.save(update_fields=list(values))


def is_satisfied(solved: bool, score: int | None) -> bool:
    """Whether this word confirms a result; any other disputes it."""
    return solved and score is not None and score >= LOWEST_SATISFIED_SCORE


def is_dissatisfied(solved: bool | None, score: int | None) -> bool:
    """Whether a stored word says so; a round brought in from a sheet may have one half of it alone."""
    return solved is False or (score is not None and score < LOWEST_SATISFIED_SCORE)


def expire(step: Step) -> None:
    step.case.expire(at=step.at)
    step.close_round()


def withdraw(step: Step) -> None:
    step.case.withdraw(at=step.at)
    step.close_round()


def decline(step: Step) -> None:
    step.case.decline(at=step.at)
    step.close_round()


def mark_duplicate(step: Step) -> None:
    """Ends this case and tells the other one; both are locked."""
    other = step.case.locked_beside[step.data["other"].pk]
    if not other.is_seen:
        raise CaseNotFound
    if other.pk == step.case.pk:
        raise InvalidInput("other", _("A case cannot be a duplicate of itself."))
    if other.duplicate_of_id:
        raise InvalidInput("other", _("The other case is itself a duplicate. Name the case it duplicates."))
    step.case.mark_duplicate(other=other, at=step.at)
    step.close_round()
    step.beside.append(Step(other, "link_duplicate", step.actor, step.at, data={"case": step.case}))


def reopen(step: Step) -> None:
    """
    Back to the team that analysed it; an agent who reopens keeps it in hand.

    A plan that a dissatisfied customer was still owed is owed in the new round.
    """
    lacks_plan = step.case.current_round.lacks_plan
    actor = step.actor
    may_analyse = bool(actor and actor.has_perm("cases.may_begin_analysis"))
    step.case.reopen(handler=actor if may_analyse else None, at=step.at)
    step.open_round(needs_plan=lacks_plan)


def raise_tier(step: Step) -> None:
    step.kept["was"] = step.case.tier
    step.case.raise_tier()


def hold_legally(step: Step) -> None:
    step.case.hold_legally()


def release_hold(step: Step) -> None:
    step.case.release_hold()


DOING: dict[str, Callable[[Step], None]] = {
    function.__name__: function
    for function in (
        answer_directly,
        deliver,
        confirm,
        dispute,
        change_word,
        expire,
        withdraw,
        decline,
        mark_duplicate,
        reopen,
        raise_tier,
        hold_legally,
        release_hold,
    )
}
