"""One person in one position, trying one transition on a case made ready for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cases.choices import Role, State
from cases.lifecycle import MOVES
from cases.models import Case, Staff, SupportRequest
from tests.cases.lifecycle_paper import PAPER, POSITIONS, ROLES, expected
from tests.factories import StaffFactory
from tests.scenes import Scene, make_scene

SUPPORT_IS_OPEN_FOR = {"finish_support", "waive_support"}


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
        open_support = self.name in SUPPORT_IS_OPEN_FOR and self.case.state == State.HANDLING
        self.case.support_requests.update(finished_at=None if open_support else self.case.received_at)
        self.case.rounds.update(handler=handler, needs_plan=self.name == "submit_plan")
        if self.name == "change_word":
            self.case.rounds.update(answered_at=timezone.now())

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
            "of_round": 1,
            "solved": True,
            "other": self.other,
            "type": "complaint",
            "description": "订单未收到货，已等三天",
        }
        if self.name == "ask_support":
            known["team"] = scene.front
        wanted = [item.name for item in MOVES[self.name].inputs if item.required]
        on_behalf = ["channel"] if self.role and self.name in {"confirm", "dispute"} else []
        solved = ["score"] if self.name == "change_word" else []
        return {key: known[key] for key in (*wanted, *on_behalf, *solved)}


def person_in(scene: Scene, role: str, position: str) -> Staff:
    near = position in "HTFL"
    teams = {"H": [scene.front, scene.back], "L": [], "S": [scene.support], "O": []}
    return StaffFactory(
        role=Role(role),
        department=scene.department if near else scene.support.department,
        teams=teams.get(position, [scene.front, scene.back]),
    )


def ground_of(scene: Scene, state: State) -> tuple[Case, Case]:
    """A case in this state, on which everything is tried, and another one."""
    case = scene.case(state)
    SupportRequest.objects.create(
        case=case,
        round=case.current_round,
        team=scene.support,
        requested_at=case.received_at,
        finished_at=case.received_at,
    )
    return case, scene.case()


def trials(scene: Scene, ground: tuple[Case, Case], name: str) -> list[Trial]:
    """
    Of this transition: the system, then every role in every position, all on the same case.

    Where the state alone forbids it, each role tries once, as the handler: nobody stands closer.
    """
    system = Trial(scene, *ground, name)
    positions = POSITIONS if system.case.state in PAPER[name].sources.split() else "H"
    return [system, *(replace(system, role=role, position=at) for role in ROLES for at in positions)]


def first_allowed(name: str) -> tuple[Trial, Staff | None]:
    """A case made ready for this transition, and somebody who may make it."""
    scene = make_scene()
    for state in State:
        for trial in trials(scene, ground_of(scene, state), name):
            if expected(name, state, trial.role, trial.position) == "done":
                person = person_in(scene, trial.role, trial.position) if trial.role else None
                trial.make_ready(person)
                return trial, person
    raise LookupError(name)
