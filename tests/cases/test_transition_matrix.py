"""Every state × transition × role × relation to the case, against the paper's table written down by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from cases.choices import Role, State
from cases.exceptions import CaseError
from cases.lifecycle import MOVES
from cases.models import Case, Staff, SupportRequest
from cases.services import transition_case
from tests.cases.lifecycle_paper import PAPER, POSITIONS, ROLES, expected
from tests.factories import StaffFactory
from tests.invariants import trace, violations
from tests.scenes import Scene, make_scene

SUPPORT_IS_OPEN_FOR = {"finish_support", "waive_support"}


@pytest.mark.parametrize("name", sorted(PAPER.keys() | MOVES.keys()))
def test_the_table_says_what_the_paper_says(name: str) -> None:
    move, paper = MOVES[name], PAPER[name]
    assert [state.value for state in move.sources] == paper.sources.split()
    assert (move.target and move.target.value) == paper.target
    assert {role.value for role in move.roles} == paper.who.keys()
    assert [item.name for item in move.inputs if item.required] == paper.demands.split()
    assert (move.note_required, move.without_actor) == (paper.star, paper.system)


@dataclass(frozen=True)
class Trial:
    """One person in one position, trying one transition on a case made ready for it."""

    scene: Scene
    case: Case
    other: Case
    name: str
    role: str | None = None
    position: str = "H"

    def make_ready(self, person: Staff | None) -> None:
        """Write straight to the row what the services would take many steps to reach."""
        handler = {"H": person or self.scene.supporter, "F": None}.get(self.position, self.scene.supporter)
        accepted = None if self.name == "accept" or handler is None else self.case.received_at
        Case.objects.filter(pk=self.case.pk).update(
            handler=handler,
            accepted_at=accepted if self.case.state == State.HANDLING else None,
            waiting_for="customer" if self.name == "resume" else "",
            legal_hold=self.name == "release_hold",
            first_response_at=self.case.received_at,
        )
        self.case.rounds.update(handler=handler, needs_plan=self.name == "submit_plan")

    def answers(self) -> dict[str, Any]:
        soon, scene = timezone.now() + timedelta(hours=1), self.scene
        taker = scene.agent if self.case.state == State.ANALYSIS else scene.specialist
        known = {
            "channel": "phone",
            "message": "已致电客户",
            "urgency": "urgent",
            "result": "已补发",
            "team": scene.back,
            "promised_at": soon,
            "handler": taker,
            "request": "请协助核查物流",
            "due_at": soon,
            "support": self.case.support_requests.first(),
            "waiting_for": "supplier",
            "plan": "更换承运商",
            "score": 4,
            "other": self.other,
            "type": "complaint",
            "description": "订单未收到货，已等三天",
        }
        if self.name == "ask_support":
            known["team"] = scene.front
        wanted = [item.name for item in MOVES[self.name].inputs if item.required]
        on_behalf = ["channel"] if self.role and self.name in {"confirm", "dispute"} else []
        return {key: known[key] for key in (*wanted, *on_behalf)}


def person_in(scene: Scene, role: str, position: str) -> Staff:
    near = position in "HTFL"
    teams = {"H": [scene.front, scene.back], "L": [], "S": [scene.support], "O": []}
    return StaffFactory(
        role=Role(role),
        department=scene.department if near else scene.support.department,
        teams=teams.get(position, [scene.front, scene.back]),
    )


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


def trials(scene: Scene, name: str, state: State) -> list[Trial]:
    """The system, then every role in every position, all on one case in this state."""
    case = scene.case(state)
    open_support = name in SUPPORT_IS_OPEN_FOR and state == State.HANDLING
    SupportRequest.objects.create(
        case=case,
        round=case.current_round,
        team=scene.support,
        requested_at=case.received_at,
        finished_at=None if open_support else case.received_at,
    )
    system = Trial(scene, case, scene.case(), name)
    return [system, *(replace(system, role=role, position=at) for role in ROLES for at in POSITIONS)]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PAPER))
def test_exactly_those_may_who_the_paper_names_and_a_refusal_leaves_no_trace(name: str) -> None:
    scene = make_scene()
    people = {(role, at): person_in(scene, role, at) for role in ROLES for at in POSITIONS}
    wrong = {
        (state.value, trial.role, trial.position): (found, wanted)
        for state in State
        for trial in trials(scene, name, state)
        if (found := outcome_of(trial, people[trial.role, trial.position] if trial.role else None))
        != (wanted := expected(name, state, trial.role, trial.position))
    }
    assert wrong == {}
    assert violations() == {}
