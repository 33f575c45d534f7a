from __future__ import annotations

import pytest

from cases.choices import Confirmation, Outcome, State
from cases.models import Case, CaseEvent
from cases.services import transition_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def states_of(case: Case) -> list[tuple[str, str]]:
    return list(case.events.values_list("from_state", "to_state"))


def test_a_case_goes_from_intake_to_archive_and_every_step_is_an_event(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)

    case.refresh_from_db()
    assert (case.state, case.outcome, case.confirmation) == (
        State.ARCHIVE,
        Outcome.CONFIRMED,
        Confirmation.SATISFIED,
    )
    assert list(case.events.values_list("seq", flat=True)) == list(range(1, case.version + 1))
    assert states_of(case)[0] == ("", "intake")
    assert all(
        before[1] == after[0] for before, after in zip(states_of(case), states_of(case)[1:], strict=False)
    )


def test_a_disputed_case_gets_a_second_round_with_the_supervisor_and_keeps_the_first(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)

    case = transition_case(case.pk, "dispute", actor=None, score=2, comment="还是没收到")

    first, second = case.rounds.all()
    assert (case.state, case.round_number, case.handler) == (State.HANDLING, 2, scene.supervisor)
    assert (first.score, first.result, first.handler) == (2, "已补发", scene.specialist)
    assert (second.needs_plan, second.handler, second.score) == (True, scene.supervisor, None)
    assert CaseEvent.objects.filter(case=case).count() == case.version
