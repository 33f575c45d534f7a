"""Short ways for tests to make a transition, and to see it refused without a trace."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases.choices import Confirmation, State
from cases.exceptions import CaseError
from cases.models import Case, Round, Staff, SupportRequest
from cases.services import transition_case
from tests.invariants import trace, violations
from tests.scenes import Scene

NOTE = "客户来电要求"


def soon(hours: float = 4) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def do(case: Case, name: str, actor: Staff | None, *, note: str = NOTE, **data: Any) -> Case:
    """Make the transition and check that every promise about the rows still holds."""
    after = transition_case(case.pk, name, actor=actor, note=note, **data)
    assert violations() == {}
    return after


def refused(
    kind: type[CaseError], case: Case, name: str, actor: Staff | None, *, note: str = NOTE, **data: Any
) -> CaseError:
    """The refusal; the rows are as they were."""
    before = trace(case.pk)
    with pytest.raises(kind) as caught:
        transition_case(case.pk, name, actor=actor, note=note, **data)
    assert type(caught.value) is kind
    assert trace(case.pk) == before
    return caught.value


def field_refused(case: Case, name: str, actor: Staff | None, **data: Any) -> str:
    """Name of the field that was refused."""
    from_note: str = data.pop("note", NOTE)
    before = trace(case.pk)
    with pytest.raises(CaseError) as caught:
        transition_case(case.pk, name, actor=actor, note=from_note, **data)
    assert trace(case.pk) == before
    return str(getattr(caught.value, "field", type(caught.value).__name__))


def dispatched(scene: Scene, **facts: Any) -> Case:
    """In handling, offered to the specialists, accepted by nobody yet."""
    case = scene.case(State.ANALYSIS, **facts)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    return do(case, "dispatch", scene.agent, team=scene.back)


def disputed(scene: Scene, **facts: Any) -> Case:
    """In the second round; the customer gave 1."""
    case = do(scene.case(State.CONFIRMATION, **facts), "dispute", None, score=1)
    assert case.confirmation == Confirmation.DISSATISFIED
    return case


def rounds(case: Case) -> list[Round]:
    return list(Round.objects.filter(case=case).order_by("number"))


def support_of(case: Case) -> SupportRequest:
    newest: SupportRequest = SupportRequest.objects.filter(case=case).latest("pk")
    return newest
