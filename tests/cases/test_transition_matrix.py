"""Every state × transition × role × relation to the case, against the paper's table written down by hand."""

from __future__ import annotations

import pytest
from django.db import transaction

from cases.choices import State
from cases.exceptions import CaseError
from cases.lifecycle import MOVES
from cases.models import Case, Staff
from cases.services import transition_case
from tests.cases.lifecycle_paper import PAPER, POSITIONS, ROLES, expected
from tests.cases.trials import Trial, ground_of, person_in, trials
from tests.invariants import trace, violations
from tests.scenes import make_scene


@pytest.mark.parametrize("name", sorted(PAPER.keys() | MOVES.keys()))
def test_the_table_says_what_the_paper_says(name: str) -> None:
    move, paper = MOVES[name], PAPER[name]
    assert [state.value for state in move.sources] == paper.sources.split()
    assert [state.value for state in move.sources_without_actor] == paper.alone.split()
    assert (move.target and move.target.value) == paper.target
    assert {role.value for role in move.roles} == paper.who.keys()
    assert [item.name for item in move.inputs if item.required] == paper.demands.split()
    assert (move.note_required, move.without_actor) == (paper.star, paper.system)


def outcome_of(trial: Trial, person: Staff | None) -> str:
    """Try it, check what it left behind, and leave the rows as they were."""
    with transaction.atomic():
        trial.make_ready(person)
        answers, before = trial.answers(), trace(trial.case.pk)
        try:
            after = transition_case(
                trial.case.pk,
                trial.name,
                actor=person,
                note="客户要求",
                expected_version=trial.case.version,
                **answers,
            )
        except CaseError as refused:
            assert trace(trial.case.pk) == before, f"{trial}: a refusal left a trace"
            outcome = type(refused).__name__
        else:
            check_done(trial, person, after)
            outcome = "done"
        transaction.set_rollback(True)
    return outcome


def check_done(trial: Trial, person: Staff | None, after: Case) -> None:
    event = after.events.get(seq=trial.case.version + 1)
    target = PAPER[trial.name].target or trial.case.state
    assert (event.kind, event.actor, event.note) == (trial.name, person, "客户要求")
    assert (event.from_state, event.to_state) == (trial.case.state, target)
    after.refresh_from_db()
    assert (after.state, after.version) == (target, event.seq)


# A refusal leaves no trace on either database; who is refused depends on none.
STATES = [
    pytest.param(state, marks=[] if state == State.INTAKE else pytest.mark.one_database) for state in State
]


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
def test_exactly_those_may_who_the_paper_names_and_a_refusal_leaves_no_trace(state: State) -> None:
    scene = make_scene()
    people = {(role, at): person_in(scene, role, at) for role in ROLES for at in POSITIONS}
    ground = ground_of(scene, state)
    wrong = {
        (name, trial.role, trial.position): (found, wanted)
        for name in sorted(PAPER)
        for trial in trials(scene, ground, name)
        if (found := outcome_of(trial, people[trial.role, trial.position] if trial.role else None))
        != (wanted := expected(name, state, trial.role, trial.position))
    }
    assert wrong == {}
    assert violations() == {}
