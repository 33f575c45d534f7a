"""The one row scope: who finds which case, for every role and every relation to it."""

from __future__ import annotations

import pytest

from cases.choices import Role, State
from cases.models import Case, Staff
from tests.cases.acting import disputed, do, soon, support_of
from tests.cases.lifecycle_paper import POSITIONS, ROLES, SEES
from tests.cases.trials import Trial, person_in
from tests.factories import StaffFactory, TeamFactory, make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def sees(person: Staff, case: Case) -> bool:
    fresh = Staff.objects.get(pk=person.pk)  # memberships are kept on the instance for a request
    return Case.objects.visible_to(fresh).filter(pk=case.pk).exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("position", POSITIONS)
def test_each_role_sees_from_each_position_what_the_paper_says(
    scene: Scene, role: str, position: str
) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="查", due_at=soon())
    person = person_in(scene, role, position)
    Trial(scene, case, case, "add_note", role, position).make_ready(person)
    assert sees(person, case) == (position in SEES[role])


def test_a_supporting_team_still_sees_what_it_finished(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    assert not sees(scene.supporter, case)
    do(case, "ask_support", scene.specialist, team=scene.support, request="查", due_at=soon())
    do(case, "finish_support", scene.supporter, support=support_of(case), result="已核实")
    assert sees(scene.supporter, case)


def test_a_case_follows_its_team_but_stays_with_the_team_that_took_it_in(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    assert (sees(scene.agent, case), sees(scene.specialist, case)) == (True, False)
    do(case, "dispatch", scene.agent, team=scene.back)
    assert (sees(scene.agent, case), sees(scene.specialist, case)) == (True, True)
    do(case, "send_back", scene.specialist)
    assert (sees(scene.agent, case), sees(scene.specialist, case)) == (True, False)


def test_supervisors_see_their_department_and_what_has_no_team(scene: Scene) -> None:
    own, foreign, nobodys = scene.case(), make_case(team=TeamFactory()), scene.case()
    Case.objects.filter(pk=nobodys.pk).update(team=None, intake_team=None, handler=None)
    lone = StaffFactory(role=Role.SUPERVISOR, department=None)
    found = [[sees(person, case) for case in (own, foreign, nobodys)] for person in (scene.supervisor, lone)]
    assert found == [[True, False, True], [False, False, True]]
    assert not sees(scene.agent, nobodys)


def test_the_second_handler_sees_what_was_given_to_them(scene: Scene) -> None:
    scene.supervisor.is_active = False
    scene.supervisor.save()
    case = disputed(scene)
    assert case.handler == scene.manager
    assert sees(scene.manager, case)


def test_somebody_in_two_teams_finds_a_case_once(scene: Scene) -> None:
    person = StaffFactory(
        role=Role.SUPERVISOR, department=scene.department, teams=[scene.back, scene.support]
    )
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="查", due_at=soon())
    assert list(Case.objects.visible_to(person).filter(pk=case.pk)) == [case]


def test_without_a_role_and_a_team_nobody_sees_anything(scene: Scene) -> None:
    scene.case()
    assert not Case.objects.visible_to(StaffFactory()).exists()
    assert Case.objects.visible_to(StaffFactory(is_superuser=True)).count() == 1
