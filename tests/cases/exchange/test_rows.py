"""Rows become typed values; every impossible cell is named with line, column, value, reason and remedy."""

from __future__ import annotations

from datetime import datetime

import pytest

from cases.choices import CaseType, Confirmation, Urgency
from cases.problems import Problem, SheetRefused
from cases.record_sheet import join_key_points
from tests.cases.exchange.sheets import LATE_PARCEL, QUESTION, TWO_ROWS, ZONE, changed, understood


def problem_of(**values: str) -> Problem:
    with pytest.raises(SheetRefused) as caught:
        understood([changed(**values)])
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.reason
    assert problem.remedy
    return problem


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[arg-type,misc]


def test_the_two_rows_are_understood() -> None:
    late, question = understood(TWO_ROWS)
    assert (late.number, late.customer, late.type, late.topic) == (
        "CS20241001001",
        "C1001",
        CaseType.COMPLAINT,
        "物流延迟",
    )
    assert (late.urgency, late.confirmation, late.score) == (Urgency.URGENT, Confirmation.SATISFIED, 4)
    assert late.received_at == local(2024, 10, 1, 9, 30)
    assert late.first_response_at == local(2024, 10, 1, 9, 35)
    assert [(point.at, point.text) for point in late.key_points] == [
        (local(2024, 10, 1, 9, 40), "联系物流核实"),
        (local(2024, 10, 1, 11, 0), "确认派件员失误"),
        (local(2024, 10, 1, 11, 30), "协调补发"),
    ]
    assert (question.confirmation, question.score, question.remark) == ("", None, "")
    assert [late.cells, question.cells] == TWO_ROWS


def test_english_words_are_understood_and_given_back_in_chinese() -> None:
    english = changed(
        type="Complaint-物流延迟", urgency="urgent", confirmation="Confirmed satisfied", handler=" 张* "
    )
    assert understood([english])[0].cells == LATE_PARCEL


def test_a_type_may_stand_without_a_topic() -> None:
    (row,) = understood([changed(type="投诉")])
    assert (row.type, row.topic, row.cells[2]) == (CaseType.COMPLAINT, "", "投诉")


@pytest.mark.parametrize(
    ("cell", "moments"),
    [
        ("10-01 09:40甲;10-02 08:00乙", [(2024, 10, 1, 9, 40), (2024, 10, 2, 8, 0)]),
        ("2024-10-03 09:40 甲；11:00乙", [(2024, 10, 3, 9, 40), (2024, 10, 3, 11, 0)]),
        ("10-01 09:40甲;01-02 08:00乙", [(2024, 10, 1, 9, 40), (2025, 1, 2, 8, 0)]),
        (
            "09:00先打过电话\n还没有时间;9:45到",
            [(2024, 10, 1, 9, 0), (2024, 10, 1, 9, 0), (2024, 10, 1, 9, 45)],
        ),
        ("没有时间", [(2024, 10, 1, 9, 30)]),
        (";; 09:40甲 ;;\r\n乙;", [(2024, 10, 1, 9, 40), (2024, 10, 1, 9, 40)]),
    ],
)
def test_key_points_have_their_moments_and_give_the_cell_back(
    cell: str, moments: list[tuple[int, ...]]
) -> None:
    (row,) = understood([changed(progress=cell)])
    assert [point.at for point in row.key_points] == [local(*parts) for parts in moments]
    assert join_key_points([(point.joint, point.written) for point in row.key_points]) == cell


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("number", ""),
        ("number", "CS2024100101"),
        ("number", "CS20240231001"),
        ("number", "XX20241001001"),
        ("customer", "1001"),
        ("customer", ""),
        ("type", "投诉物流延迟"),
        ("type", ""),
        ("description", " "),
        ("urgency", "特急"),
        ("received", ""),
        ("received", "2024-02-30 09:30"),
        ("received", "2024/10/01 09:30"),
        ("received", "2024-10-01 24:30"),
        ("received", "2027-10-01 09:30"),
        ("first_response", "2024-10-01 09:29"),
        ("first_response", "soon"),
        ("handler", "张" * 81),
        ("progress", "10-32 09:40甲"),
        ("progress", "25:00甲"),
        ("progress", "2024-09-30 09:40甲"),
        ("progress", "2028-01-01 09:40甲"),
        ("progress", " ; "),
        ("confirmation", "还行"),
        ("score", "9"),
        ("score", "0"),
        ("score", "4.5"),
        ("score", "四"),
    ],
)
def test_an_impossible_cell_is_named(column: str, cell: str) -> None:
    problem_of(**{column: cell})


@pytest.mark.parametrize(
    "values",
    [
        {"score": "2"},
        {"confirmation": "待确认"},
        {"confirmation": "未回复自动归档"},
        {"confirmation": "待确认", "score": "", "result": ""},
    ],
)
def test_contradictions_between_confirmation_score_and_result_are_refused(values: dict[str, str]) -> None:
    assert problem_of(**values).column == "客户确认状态"


def test_records_of_real_desks_may_lack_result_and_handler() -> None:
    assert understood([changed(result="", handler="", score="")])


def test_a_number_twice_is_refused_with_the_line_of_the_first() -> None:
    with pytest.raises(SheetRefused) as caught:
        understood([LATE_PARCEL, QUESTION, LATE_PARCEL])
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.value) == (4, "服务编号", "CS20241001001")
    assert "2" in problem.reason


def test_all_problems_of_a_file_come_at_once_in_reading_order() -> None:
    bad = changed(number="x", score="9", urgency="?")
    with pytest.raises(SheetRefused) as caught:
        understood([bad, QUESTION, changed(customer="x")])
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (2, "服务编号"),
        (2, "紧急程度"),
        (2, "客户初评(1-5分)"),
        (4, "客户编号"),
    ]
