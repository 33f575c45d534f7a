"""Whatever way a case went, its exported row is accepted by the import and found unchanged there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from cases.choices import CaseType, Confirmation, Role, State
from cases.exchange.rows import read_rows
from cases.lifecycle import MOVES
from cases.models import Case, Staff, Topic
from cases.record_sheet import Column
from cases.seeding.bulk import seed_cases
from cases.services import transition_case
from cases.services.history import ImportPlan, RecordsConflict, plan_import, restore_cases
from cases.services.record_cells import record_cells
from tests.cases.acting import NOTE, disputed, soon
from tests.cases.exchange.sheets import LATE_PARCEL, QUESTION, ZONE, changed, csv_file, sheet_of, understood
from tests.cases.trials import first_allowed
from tests.factories import StaffFactory
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db


def plan_of_own_export() -> ImportPlan:
    """What importing an export of everything would do; raises where a row is refused."""
    sheet = sheet_of(csv_file(record_cells(Case.objects.all())))
    return plan_import(read_rows(sheet.rows, zone=ZONE, at=timezone.now()), actor=None)


def assert_own_export_changes_nothing() -> None:
    plan = plan_of_own_export()
    assert plan.new == []
    assert len(plan.unchanged) == Case.objects.count()


def last_cells(case: Case) -> tuple[str, str, str]:
    """Result, confirmation and score as they are exported."""
    (row,) = record_cells(Case.objects.filter(pk=case.pk))
    return row[Column.RESULT], row[Column.CONFIRMATION], row[Column.SCORE]


def delivered_again(scene: Scene) -> Case:
    """The customer gave 1 in the first round, and the result of the second has been delivered."""
    case = disputed(scene)
    handler = case.handler
    transition_case(case.pk, "accept", actor=handler, promised_at=soon())
    transition_case(case.pk, "submit_plan", actor=handler, plan="更换承运商")
    return transition_case(case.pk, "deliver", actor=handler, result="已退款")


@pytest.mark.parametrize("name", MOVES)
def test_after_every_transition(name: str) -> None:
    trial, person = first_allowed(name)
    actor = Staff.objects.get(pk=person.pk) if person else None
    transition_case(trial.case.pk, name, actor=actor, note=NOTE, **trial.answers())
    assert_own_export_changes_nothing()


def test_after_many_stories() -> None:
    call_command("seed_demo", stdout=StringIO())
    assert_own_export_changes_nothing()


def test_after_many_made_up_cases() -> None:
    seed_cases(150, seed=7, processes=1)
    assert_own_export_changes_nothing()


def test_while_a_dissatisfied_customer_waits_the_row_tells_of_the_round_before() -> None:
    assert last_cells(disputed(make_scene())) == ("已补发", "不满意-二次处理", "1")
    assert_own_export_changes_nothing()


@pytest.mark.parametrize(
    ("ending", "cells"),
    [
        (None, ("已退款", "待确认", "")),
        (("expire", {}), ("已退款", "未回复自动归档", "")),
        (("confirm", {"score": 5}), ("已退款", "已确认满意", "5")),
        (("dispute", {"solved": False}), ("已退款", "不满意-二次处理", "")),
    ],
)
def test_a_result_delivered_again_leaves_the_earlier_score_behind(
    ending: tuple[str, dict[str, Any]] | None, cells: tuple[str, str, str]
) -> None:
    case = delivered_again(make_scene())
    if ending:
        name, answers = ending
        transition_case(case.pk, name, actor=None, **answers)
    assert last_cells(case) == cells
    assert_own_export_changes_nothing()


def test_a_reopened_case_begins_with_neither_result_nor_score() -> None:
    scene = make_scene()
    case = transition_case(scene.case(State.ARCHIVE).pk, "reopen", actor=scene.supervisor, note=NOTE)
    assert last_cells(case) == ("", "", "")
    assert_own_export_changes_nothing()


@pytest.mark.parametrize("expires", [False, True])
def test_a_score_the_sheet_brought_along_does_not_outlive_the_next_question(expires: bool) -> None:
    handler = StaffFactory(role=Role.SPECIALIST)
    restore(changed(QUESTION, handler=handler.name, score="4"))
    case = Case.objects.get()
    assert last_cells(case)[2] == "4"
    transition_case(case.pk, "accept", actor=handler, promised_at=timezone.now() + timedelta(hours=1))
    transition_case(case.pk, "deliver", actor=handler, result="已发送指引")
    if expires:
        case = transition_case(case.pk, "expire", actor=None)
        assert case.confirmation == Confirmation.UNANSWERED
    assert last_cells(case)[2] == ""
    assert_own_export_changes_nothing()


def restore(*rows: tuple[str, ...]) -> None:
    restore_cases(understood(rows), actor=None, file_name="sheet.csv", sha256="0" * 64)


def rename_topic() -> None:
    topic = Topic.objects.get(type=CaseType.COMPLAINT, name="物流延迟")
    topic.name = "配送延迟"
    topic.save()


def rename_handler() -> None:
    handler = Staff.objects.get(name="员工甲")
    handler.name = "员工乙"
    handler.save()


@pytest.mark.parametrize("change", [rename_topic, rename_handler])
def test_a_file_twice_changes_nothing_whatever_things_are_called_by_then(change: Callable[[], None]) -> None:
    StaffFactory(name="员工甲", role=Role.SPECIALIST)
    row = changed(LATE_PARCEL, handler="员工甲")
    restore(row)
    change()
    assert list(record_cells(Case.objects.all())) != [row]
    plan = plan_import(understood([row]), actor=None)
    assert (plan.new, len(plan.unchanged)) == ([], 1)
    assert_own_export_changes_nothing()


def test_after_a_new_name_other_cells_are_still_refused_side_by_side() -> None:
    restore(LATE_PARCEL)
    rename_topic()
    with pytest.raises(RecordsConflict) as caught:
        plan_import(understood([changed(remark="别的")]), actor=None)
    assert ("备注", LATE_PARCEL[Column.REMARK], "别的") in [
        (conflict.column, conflict.stored, conflict.given) for conflict in caught.value.conflicts
    ]


def test_what_is_kept_of_the_row_tells_no_name_and_no_words() -> None:
    restore(LATE_PARCEL)
    kept = str(Case.objects.get().events.get(seq=1).data)
    assert not any(cell in kept for cell in LATE_PARCEL if len(cell) > 1)  # a digit is no word
