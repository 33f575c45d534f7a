"""The groups of the roles hold exactly the rights the table and the paper give them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from cases.choices import Role
from cases.lifecycle import MOVES, permission_for
from cases.roles import permissions_of
from cases.services.reference import ensure_roles
from tests.cases.lifecycle_paper import PAPER

pytestmark = pytest.mark.django_db


def held(role: Role) -> set[str]:
    return set(Group.objects.get(name=role.value).permissions.values_list("codename", flat=True))


def test_there_is_a_group_for_each_role_and_no_other() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_make_the_transitions_of_the_paper(role: Role) -> None:
    moves = {permission_for(name) for name in MOVES}
    wanted = {permission_for(name) for name, row in PAPER.items() if role.value in row.who}
    assert held(role) & moves == wanted
    assert held(role) == permissions_of(role)


def test_nobody_has_the_right_to_what_only_the_system_does() -> None:
    assert all(permission_for("expire") not in held(role) for role in Role)


@pytest.mark.parametrize("role", list(Role))
def test_no_role_deletes_anything_or_edits_a_fact(role: Role) -> None:
    assert not {code for code in held(role) if code.startswith("delete_")}
    facts = {"case", "caseevent", "message", "round", "attachment", "supportrequest", "contactaccess"}
    assert held(role).isdisjoint({f"{verb}_{fact}" for fact in facts for verb in ("add", "change", "delete")})


def test_who_sees_everything_and_who_reads_only() -> None:
    sees = {role for role in Role if "view_every_case" in held(role)}
    assert sees == {Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR}
    auditor = held(Role.AUDITOR)
    assert all(code.startswith("view_") for code in auditor)
    assert {role for role in Role if "lower_urgency" in held(role)} == {Role.SUPERVISOR}


def test_laying_the_roles_down_again_takes_back_what_was_added() -> None:
    group = Group.objects.get(name=Role.AUDITOR)
    group.permissions.add(Permission.objects.get(codename="may_decline"))
    ensure_roles()
    assert held(Role.AUDITOR) == permissions_of(Role.AUDITOR)
