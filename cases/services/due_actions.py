"""What the system itself does when clocks reach a level: dispatch, raise the tier, archive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cases.choices import LadderAction, Stage
from cases.exceptions import CaseError, NotPossible
from cases.models import CaseEvent, EventKind, Round
from cases.services.routing import Traits, first_fitting, rules_of
from cases.services.set_wise import among
from cases.services.steps import Step, finish_steps, lock_cases
from cases.services.transitions import make_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cases.models import Case, RoutingRule

    Rules = Callable[[], list[RoutingRule]]


@dataclass(frozen=True)
class Wanted:
    """An action that a level of a clock (``cause``) demands of a case, once."""

    action: str
    case_id: int
    cause: str

    @property
    def key(self) -> str:
        return f"{self.cause}:{self.action}"


def act_on_all(wanted: Sequence[Wanted]) -> None:
    """
    Do what is wanted of cases whose locks are held, within the caller's transaction, and write it set-wise.

    Where the rules refuse it (no routing rule fits, the case has moved on), that is written to the case
    instead of done, for a person to see.
    """
    for turn in _turns(wanted):
        events = CaseEvent.objects.filter(cause_key__in=[one.key for one in turn])
        done = set(events.values_list("cause_key", flat=True))
        _act([one for one in turn if one.key not in done])


def _turns(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """In their order, each case once in a turn: what is done to it first counts for what comes next."""
    while wanted:
        turn = {one.case_id: one for one in reversed(wanted)}
        wanted = [one for one in wanted if one is not turn[one.case_id]]
        yield list(turn.values())


def _act(turn: Sequence[Wanted]) -> None:
    if not turn:
        return
    cases = _locked(turn)
    steps: list[Step] = []
    refused: dict[int, tuple[Wanted, CaseError]] = {}
    rules = cache(lambda: rules_of(Stage.DISPATCH))
    for one in turn:
        name, answers = ACTIONS[LadderAction(one.action)]
        case = cases[one.case_id]
        try:
            steps.append(make_step(case, name, actor=None, cause_key=one.key, **answers(case, rules)))
        except CaseError as error:
            refused[one.case_id] = (one, error)
    if steps:
        finish_steps(steps)
    if refused:
        _write_down(refused)


def _locked(turn: Sequence[Wanted]) -> dict[int, Case]:
    """With their present rounds, in a fixed number of queries."""
    cases: dict[int, Case] = lock_cases({one.case_id for one in turn})
    for current in Round.objects.filter(among("case_id", cases), closed_at=None).select_related("handler"):
        cases[current.case_id].current_round = current
    return cases


def _write_down(refused: dict[int, tuple[Wanted, CaseError]]) -> None:
    steps = []
    for case in lock_cases(refused.keys()).values():  # anew: trying may have changed the instances
        one, error = refused[case.pk]
        step = Step(case, EventKind.REFUSE_ACTION, None, case.locked_at, cause_key=one.key)
        step.kept.update(action=one.action, reason=str(error))
        steps.append(step)
    finish_steps(steps)


def _routed(case: Case, rules: Rules) -> dict[str, Any]:
    traits = Traits(case.type, case.topic, case.channel, case.region, case.customer.vip_level)
    rule = first_fitting(rules(), traits)
    if rule is None:
        raise NotPossible(_("No routing rule says which team takes over a case like this one."))
    return {"team": rule.team}


def _nothing(case: Case, rules: Rules) -> dict[str, Any]:
    return {}


ACTIONS: dict[LadderAction, tuple[str, Callable[[Case, Rules], dict[str, Any]]]] = {
    LadderAction.DISPATCH: ("dispatch", _routed),
    LadderAction.RAISE_TIER: ("raise_tier", _nothing),
    LadderAction.EXPIRE: ("expire", _nothing),
}
