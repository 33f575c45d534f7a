"""
A small organisation and a case walked through it: agents at the front, specialists behind, their supervisor.

``Scene.walk_to`` makes the transitions staff would make, through the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cases.choices import Channel, Role, State, Tier
from cases.models import Case, Department, Staff, Team
from cases.services import transition_case
from tests.factories import DepartmentFactory, StaffFactory, TeamFactory, make_case


@dataclass
class Scene:
    department: Department
    front: Team
    back: Team
    support: Team
    agent: Staff
    specialist: Staff
    supporter: Staff
    supervisor: Staff
    manager: Staff
    auditor: Staff
    administrator: Staff

    def people(self) -> dict[Role, Staff]:
        return {
            Role.AGENT: self.agent,
            Role.SPECIALIST: self.specialist,
            Role.SUPERVISOR: self.supervisor,
            Role.MANAGER: self.manager,
            Role.AUDITOR: self.auditor,
            Role.ADMINISTRATOR: self.administrator,
        }

    def case(self, state: State = State.INTAKE, **facts: Any) -> Case:
        return self.walk_to(state, make_case(team=self.front, actor=self.agent, **facts))

    def walk_to(self, state: State, case: Case) -> Case:
        """From intake by the usual way to ``state``; in handling the specialist has accepted."""
        order = list(State)
        for step in order[order.index(State(case.state)) : order.index(state)]:
            case = getattr(self, f"leave_{step.value}")(case)
        return case

    def leave_intake(self, case: Case) -> Case:
        return transition_case(case.pk, "begin_analysis", actor=self.agent)

    def leave_analysis(self, case: Case) -> Case:
        transition_case(
            case.pk,
            "contact_customer",
            actor=self.agent,
            channel=Channel.PHONE,
            message="已致电客户，物流组会跟进",
        )
        transition_case(case.pk, "dispatch", actor=self.agent, team=self.back)
        return transition_case(
            case.pk, "accept", actor=self.specialist, promised_at=timezone.now() + timedelta(hours=4)
        )

    def leave_handling(self, case: Case) -> Case:
        return transition_case(case.pk, "deliver", actor=self.specialist, result="已补发", proof="物流单号XY")

    def leave_confirmation(self, case: Case) -> Case:
        return transition_case(case.pk, "confirm", actor=None, score=4, comment="下次优先派送")


def make_scene() -> Scene:
    department = DepartmentFactory()
    front = TeamFactory(department=department)
    back = TeamFactory(department=department, tier=Tier.SPECIALISTS)
    support = TeamFactory(tier=Tier.SPECIALISTS)
    return Scene(
        department=department,
        front=front,
        back=back,
        support=support,
        agent=StaffFactory(role=Role.AGENT, department=department, teams=[front]),
        specialist=StaffFactory(role=Role.SPECIALIST, department=department, teams=[back]),
        supporter=StaffFactory(role=Role.SPECIALIST, department=support.department, teams=[support]),
        supervisor=StaffFactory(role=Role.SUPERVISOR, department=department),
        manager=StaffFactory(role=Role.MANAGER),
        auditor=StaffFactory(role=Role.AUDITOR),
        administrator=StaffFactory(role=Role.ADMINISTRATOR),
    )
