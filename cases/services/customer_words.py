"""What a customer says about the result through their link, and when they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cases.choices import Outcome, State
from cases.exceptions import CaseNotFound, NotPossible
from cases.models import CaseEvent, CustomerLink, Round
from cases.services.outcomes import is_satisfied, was_silent
from cases.services.steps import finish_step, lock_case
from cases.services.transitions import make_step

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Case

CLOSED_WITH_A_WORD = (Outcome.CONFIRMED, Outcome.UNANSWERED)


@dataclass(frozen=True)
class Word:
    """Solved or not, 1 to 5 (needed where it is solved), and what else the customer wants to say."""

    solved: bool
    score: int | None = None
    comment: str = ""

    @property
    def is_satisfied(self) -> bool:
        return is_satisfied(self.solved, self.score)


@transaction.atomic
def give_word(link: CustomerLink, word: Word, *, nonce: str) -> Case:
    """
    Take the customer's word on the round of their link; the same nonce counts once.

    Which transition it is depends on where the case stands, so the case is locked first. Raises CaseNotFound
    where the link has ended meanwhile, and CaseError where the round can take no word any more, or where
    another word was given with this nonce: the same page was answered in two ways.
    """
    case = lock_case(link.case_id)
    now = case.locked_at
    if not CustomerLink.objects.valid(now).filter(pk=link.pk).exists():
        raise CaseNotFound
    cause = cause_key(link, nonce)
    about = case.rounds.get(number=link.round_number)
    possible = may_give_word(case, about, now)
    # What staff have entered for them becomes their own word, also where it is the same.
    if word == word_on(about) and not (possible and about.score_channel):
        return case
    if not possible or CaseEvent.objects.filter(cause_key=cause).exists():
        raise NotPossible
    name, answers = step_for(case, about, word)
    CustomerLink.objects.filter(pk=link.pk, first_used_at=None).update(first_used_at=now)
    finish_step(make_step(case, name, actor=None, cause_key=cause, **answers))
    return case


def word_on(about: Round) -> Word | None:
    """What was said about this round so far."""
    return None if about.solved is None else Word(about.solved, about.score, about.comment)


def cause_key(link: CustomerLink, nonce: str) -> str:
    return f"link:{link.pk}:{nonce}"


def may_give_word(case: Case, about: Round, at: datetime) -> bool:
    """Whether the customer may say something new about this round, or change what they said."""
    if about.number < case.round_number:
        return not case.legal_hold and case.state != State.INTAKE and about.word_may_change(at)
    if case.state != State.ARCHIVE:
        return bool(case.state == State.CONFIRMATION)
    closed = case.outcome in CLOSED_WITH_A_WORD and not case.legal_hold
    return closed and (was_silent(case, about) or about.word_may_change(at))


def step_for(case: Case, about: Round, word: Word) -> tuple[str, dict[str, Any]]:
    """The transition this word makes, with its answers."""
    answers: dict[str, Any] = {"score": word.score, "comment": word.comment}
    is_present = about.number == case.round_number
    if is_present and not word.is_satisfied:
        return "dispute", answers | {"solved": word.solved}
    if is_present and case.state == State.CONFIRMATION:
        return "confirm", answers
    return "change_word", answers | {"of_round": about.number, "solved": word.solved}
