"""Cases made of a record sheet have a true history, come back cell for cell, and only once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cases.choices import CaseType, Confirmation, Outcome, Role, Source, State
from cases.exceptions import NotPermitted
from cases.exchange.rows import read_rows
from cases.models import Case, CaseEvent, Customer, EventKind, ImportRecord, RoutingRule, Staff
from cases.problems import SheetRefused
from cases.record_sheet import Cells
from cases.services.bulk_rows import insert_rows
from cases.services.history import ImportResult, RecordsConflict, restore_cases
from cases.services.numbers import next_number
from cases.services.record_cells import record_cells
from tests.cases.acting import do
from tests.cases.exchange.sheets import (
    LATE_PARCEL,
    NOW,
    QUESTION,
    TWO_ROWS,
    ZONE,
    changed,
    csv_file,
    sheet_of,
    understood,
)
from tests.factories import StaffFactory, TeamFactory
from tests.invariants import violations
from tests.scenes import make_scene

pytestmark = pytest.mark.django_db


def restore(*rows: Cells, actor: Staff | None = None) -> ImportResult:
    return restore_cases(understood(rows), actor=actor, file_name="sheet.csv", sha256="0" * 64)


def cells() -> list[Cells]:
    return list(record_cells(Case.objects.all()))


def the_case() -> Case:
    assert not violations()
    return Case.objects.get()


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type,misc]


def test_the_two_rows_come_back_cell_for_cell() -> None:
    assert restore(*TWO_ROWS) == ImportResult(created=2, unchanged=0)
    assert cells() == TWO_ROWS
    assert not violations()


def test_the_real_record_sheet_comes_back_cell_for_cell(shared_data: Path) -> None:
    sheet = sheet_of((shared_data / "records_real.csv").read_bytes())
    rows = read_rows(sheet.rows, zone=ZONE, at=NOW)
    restore_cases(rows, actor=None, file_name="records_real.csv", sha256=sheet.sha256)
    assert cells() == sorted(row.cells for row in sheet.rows)
    assert not violations()


def test_history_is_rebuilt_at_its_own_times_and_marked_as_imported() -> None:
    restore(LATE_PARCEL)
    case = the_case()
    assert [(event.kind, event.at.astimezone(ZONE).strftime("%H:%M")) for event in case.events.all()] == [
        (EventKind.REGISTER, "09:30"),
        (EventKind.BEGIN_ANALYSIS, "09:35"),
        (EventKind.DISPATCH, "09:35"),
        (EventKind.CONTACT_CUSTOMER, "09:35"),
        (EventKind.REPORT_PROGRESS, "09:40"),
        (EventKind.REPORT_PROGRESS, "11:00"),
        (EventKind.REPORT_PROGRESS, "11:30"),
        (EventKind.DELIVER, "11:30"),
        (EventKind.CONFIRM, "11:30"),
    ]
    assert all(event.imported and event.actor is None for event in case.events.all())
    assert (case.source, case.outcome, case.archived_at) == (
        Source.IMPORT,
        Outcome.CONFIRMED,
        local(2024, 10, 1, 11, 30),
    )
    assert case.first_response_at == local(2024, 10, 1, 9, 35)
    assert not case.messages.exists()


@pytest.mark.parametrize(
    ("row", "state", "round_number"),
    [
        (LATE_PARCEL, State.ARCHIVE, 1),
        (changed(confirmation="未回复自动归档", score=""), State.ARCHIVE, 1),
        (changed(confirmation="待确认", score=""), State.CONFIRMATION, 1),
        (changed(confirmation="不满意-二次处理", score="2"), State.HANDLING, 2),
        (changed(confirmation="不满意-二次处理", score="", handler="", progress=""), State.HANDLING, 2),
        (QUESTION, State.HANDLING, 1),
        (changed(QUESTION, handler="", progress="", result=""), State.ANALYSIS, 1),
        (changed(QUESTION, handler="", progress="", result="", first_response=""), State.INTAKE, 1),
        (changed(QUESTION, progress="", first_response=""), State.HANDLING, 1),
        (changed(first_response="", handler="", result="", progress=""), State.ARCHIVE, 1),
        (changed(progress="09:00先有电话;09:32再打;01-02 10:00结束", remark=" "), State.ARCHIVE, 1),
    ],
)
def test_each_confirmation_leads_to_its_state_and_back_to_its_cells(
    row: Cells, state: State, round_number: int
) -> None:
    restore(row)
    case = the_case()
    assert (case.state, case.round_number) == (state, round_number)
    assert cells() == [row]


def test_a_dissatisfied_customer_s_first_round_keeps_result_and_score() -> None:
    restore(changed(confirmation="不满意-二次处理", score="1"))
    first, second = the_case().rounds.all()
    assert (first.solved, first.score, first.result, first.closed_at) == (
        False,
        1,
        LATE_PARCEL[9],
        local(2024, 10, 1, 11, 30),
    )
    assert (second.score, second.result, second.closed_at, second.needs_plan) == (None, "", None, True)
    assert the_case().confirmation == Confirmation.DISSATISFIED


def test_the_same_file_twice_changes_nothing() -> None:
    restore(*TWO_ROWS)
    before = list(Case.objects.values()), CaseEvent.objects.count(), ImportRecord.objects.count()
    assert restore(*TWO_ROWS) == ImportResult(created=0, unchanged=2)
    assert (list(Case.objects.values()), CaseEvent.objects.count(), ImportRecord.objects.count()) == before


def test_a_number_with_other_content_is_refused_side_by_side_and_nothing_is_stored() -> None:
    restore(LATE_PARCEL)
    with pytest.raises(RecordsConflict) as caught:
        restore(QUESTION, changed(remark="别的", score="5"))
    assert [(c.line, c.number, c.column, c.stored, c.given) for c in caught.value.conflicts] == [
        (3, "CS20241001001", "客户初评(1-5分)", "4", "5"),
        (3, "CS20241001001", "备注", "客户要求下次优先派送", "别的"),
    ]
    assert Case.objects.count() == 1
    assert not Customer.objects.filter(number="C1002").exists()


def test_an_unknown_topic_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SheetRefused) as caught:
        restore(QUESTION, changed(type="投诉-天气"))
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.value) == (3, "需求类型", "投诉-天气")
    assert "物流延迟" in problem.remedy
    assert not Case.objects.exists()


def test_a_handler_is_staff_only_where_exactly_one_active_person_has_the_name() -> None:
    StaffFactory(name="员工甲", role=Role.SPECIALIST)
    StaffFactory.create_batch(2, name="员工乙", role=Role.SPECIALIST)
    StaffFactory(name="员工丙", role=Role.SPECIALIST, is_active=False)
    StaffFactory(name="张*", role=Role.SPECIALIST)
    StaffFactory(name="李＊", role=Role.SPECIALIST)
    names = ["员工甲", "员工乙", "员工丙", "张*", "李＊"]
    rows = [changed(number=f"CS2024100100{n}", handler=name) for n, name in enumerate(names)]
    restore(*rows)
    handlers = Case.objects.order_by("number").values_list("handler__name", "handler_name")
    assert list(handlers) == [("员工甲", ""), *((None, name) for name in names[1:])]
    assert cells() == rows


@pytest.mark.parametrize(
    ("role", "row", "matches"),
    [
        (Role.SPECIALIST, QUESTION, True),  # in handling: goes on after accepting
        (Role.AGENT, QUESTION, False),
        (Role.AUDITOR, QUESTION, False),
        (Role.AGENT, LATE_PARCEL, True),  # archived: who answers directly has handled it, too
        (Role.SPECIALIST, LATE_PARCEL, True),
        (Role.AUDITOR, LATE_PARCEL, False),
    ],
)
def test_a_handler_is_staff_only_where_their_role_does_such_work(
    role: Role, row: Cells, matches: bool
) -> None:
    StaffFactory(name="员工甲", role=role)
    restore(changed(row, handler="员工甲"))
    assert (the_case().handler is not None) == matches
    assert the_case().handler_label == "员工甲"


def test_the_team_is_the_one_the_routing_rules_name_or_none() -> None:
    intake, dispatch = TeamFactory(), TeamFactory(tier=2)
    RoutingRule.objects.create(type=CaseType.COMPLAINT, stage="intake", team=intake)
    RoutingRule.objects.create(type=CaseType.COMPLAINT, stage="dispatch", team=dispatch)
    fresh = changed(
        number="CS20241001003",
        progress="",
        result="",
        handler="",
        confirmation="",
        score="",
        first_response="",
    )
    restore(LATE_PARCEL, QUESTION, fresh)
    teams = Case.objects.order_by("number").values_list("team", "intake_team", "tier")
    assert list(teams) == [(dispatch.pk, intake.pk, 2), (None, None, 1), (intake.pk, intake.pk, 1)]


def test_an_imported_case_is_sent_back_to_the_team_that_takes_such_cases_in() -> None:
    scene = make_scene()
    RoutingRule.objects.create(stage="intake", team=scene.front)
    RoutingRule.objects.create(stage="dispatch", team=scene.back)
    restore(QUESTION)
    case = do(the_case(), "send_back", scene.specialist)
    assert (case.state, case.team, case.tier) == (State.ANALYSIS, scene.front, 1)
    do(case, "begin_analysis", scene.agent)


def test_without_a_rule_for_intake_the_team_at_work_counts_as_the_one_that_took_it_in() -> None:
    scene = make_scene()
    RoutingRule.objects.create(stage="dispatch", team=scene.back)
    restore(QUESTION)
    assert the_case().intake_team == scene.back


def test_rows_the_database_refuses_are_an_error_of_a_known_kind() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Customer, [{"number": "C1001"}, {"number": "C1001"}])
    assert not Customer.objects.exists()


def test_numbers_of_today_are_not_given_out_again() -> None:
    today = timezone.localdate()
    at = timezone.localtime(timezone.now() - timedelta(minutes=1))
    row = changed(
        QUESTION,
        number=f"CS{today:%Y%m%d}007",
        received=f"{at:%Y-%m-%d %H:%M}",
        first_response="",
        progress="",
    )
    rows = read_rows(sheet_of(csv_file([row])).rows, zone=ZONE, at=timezone.now())
    restore_cases(rows, actor=None, file_name="sheet.csv", sha256="0" * 64)
    assert next_number(today) == f"CS{today:%Y%m%d}008"


def test_who_brought_which_file_is_recorded() -> None:
    manager = StaffFactory(role=Role.ADMINISTRATOR)
    restore(*TWO_ROWS, actor=manager)
    record = ImportRecord.objects.get()
    assert (record.staff, record.file_name, record.created, record.unchanged) == (manager, "sheet.csv", 2, 0)


def test_staff_without_the_right_import_nothing() -> None:
    with pytest.raises(NotPermitted):
        restore(*TWO_ROWS, actor=StaffFactory(role=Role.AGENT))
    assert not Case.objects.exists()


def test_restored_cases_are_found_by_their_words() -> None:
    restore(*TWO_ROWS)
    assert [case.number for case in Case.objects.search("签收")] == ["CS20241001001"]


def test_rows_are_written_and_read_in_batches(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = [changed(number=f"CS20241001{n:03}", customer=f"C{n}") for n in range(1, 301)]
    with django_assert_max_num_queries(100):  # SQLite takes few parameters at a time
        restore(*rows)
    with django_assert_max_num_queries(4):
        assert cells() == rows
