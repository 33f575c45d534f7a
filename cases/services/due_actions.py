"""What the system itself does when a clock reaches a level: dispatch, raise the tier, archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from cases.choices import LadderAction, Stage
from cases.exceptions import CaseError, NotPossible
from cases.models import Case
from cases.services.routing import Traits, find_rule
from cases.services.steps import Step, finish_step, lock_case
from cases.services.transitions import transition_case

if TYPE_CHECKING:
    from collections.abc import Callable


def act(action: str, case_id: int, *, cause: str) -> None:
    """
    Do this to a case whose lock is held, within the caller's transaction.

    ``cause`` names the level, so that it is done once. Where the rules refuse it (no routing rule fits, the
    case has moved on), that is written to the case instead of done, for a person to see.
    """
    name, answers = ACTIONS[LadderAction(action)]
    key = f"{cause}:{action}"
    try:
        with transaction.atomic():
            transition_case(case_id, name, actor=None, cause_key=key, **answers(case_id))
    except CaseError as error:
        _write_down_refusal(case_id, action, error, key)


def _write_down_refusal(case_id: int, action: str, error: CaseError, key: str) -> None:
    case = lock_case(case_id)
    step = Step(case, "refuse_action", None, case.locked_at)
    step.kept.update(action=action, reason=str(error))
    finish_step(step, cause_key=key)


def _routed(case_id: int) -> dict[str, Any]:
    case = Case.objects.select_related("topic", "customer").get(pk=case_id)
    traits = Traits(case.type, case.topic, case.channel, case.region, case.customer.vip_level)
    rule = find_rule(Stage.DISPATCH, traits)
    if rule is None:
        raise NotPossible(_("No routing rule says which team takes over a case like this one."))
    return {"team": rule.team}


def _nothing(case_id: int) -> dict[str, Any]:
    return {}


ACTIONS: dict[LadderAction, tuple[str, Callable[[int], dict[str, Any]]]] = {
    LadderAction.DISPATCH: ("dispatch", _routed),
    LadderAction.RAISE_TIER: ("raise_tier", _nothing),
    LadderAction.EXPIRE: ("expire", _nothing),
}
