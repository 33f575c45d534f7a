"""Rows become typed values; every impossible cell is named with line, column, value, reason and remedy."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from django.utils.translation import override

from cases.choices import CaseType, Confirmation, Urgency
from cases.exchange.importing import Records, read_records
from cases.exchange.limits import MAX_KEY_POINTS, MAX_KEY_POINTS_OF_CELL
from cases.problems import Problem, SheetRefused
from cases.record_sheet import Cells, join_key_points, key_point_words
from tests.cases.exchange.sheets import LATE_PARCEL, QUESTION, TWO_ROWS, ZONE, changed, csv_file, understood


def problem_of(**values: str) -> Problem:
    with pytest.raises(SheetRefused) as caught:
        understood([changed(**values)])
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert problem.reason
    assert problem.remedy
    return problem


def records_of(rows: list[Cells]) -> Records:
    return read_records(io.BytesIO(csv_file(rows)), "sheet.csv")


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
        ("09:40甲;24:00前送达", [(2024, 10, 1, 9, 40), (2024, 10, 1, 9, 40)]),
        ("25:00甲", [(2024, 10, 1, 9, 30)]),
        ("10-32 09:40甲", [(2024, 10, 1, 9, 30)]),
        ("23:50甲;00:10乙;08:00丙", [(2024, 10, 1, 23, 50), (2024, 10, 2, 0, 10), (2024, 10, 2, 8, 0)]),
        ("12-31 23:50甲;00:10乙", [(2024, 12, 31, 23, 50), (2025, 1, 1, 0, 10)]),
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
        ("received", "2024/10-01 09:30"),
        ("received", "2024-10-01 09:30:60"),
        ("received", "2024-10-01"),
        ("received", "0999-01-01 09:30"),
        ("received", "1899-12-31 23:59"),
        ("number", "CS09990101001"),
        ("received", "2024-10-01 24:30"),
        ("received", "2027-10-01 09:30"),
        ("first_response", "2024-10-01 09:29"),
        ("first_response", "soon"),
        ("handler", "张" * 81),
        ("progress", "2024-10-32 09:40甲"),
        ("progress", "2024-10-01 25:00甲"),
        ("progress", "9999-12-31 12:01甲;00:00乙"),
        ("progress", "09:40甲;" * (MAX_KEY_POINTS_OF_CELL + 1)),
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


def test_what_looks_like_a_time_and_cannot_be_one_is_said_in_full() -> None:
    (row,) = understood([changed(progress="09:40甲;24:00前送达")])
    assert [point.text for point in row.key_points] == ["甲", "24:00前送达"]


def test_the_key_points_of_a_whole_file_are_bounded() -> None:
    busy = ";".join(["09:40甲"] * MAX_KEY_POINTS_OF_CELL)
    count = MAX_KEY_POINTS // MAX_KEY_POINTS_OF_CELL
    rows = [changed(number=f"CS20241001{number:03}", progress=busy) for number in range(count + 1)]
    assert len(understood(rows[:count])) == count
    with pytest.raises(SheetRefused) as caught:
        understood(rows)
    assert str(MAX_KEY_POINTS) in caught.value.problems[0].reason


@pytest.mark.parametrize(
    "written",
    ["2024/10/1 9:30", "2024-10-01 9:30", "2024-10-01 09:30:15", "2024-10-1 09:30", "2024/10/01 09:30"],
)
def test_times_as_spreadsheets_save_them_are_understood_and_said_so(written: str) -> None:
    with override("en"):
        records = records_of([QUESTION, changed(received=written, first_response="")])
    assert records.rows[1].cells[5:7] == ("2024-10-01 09:30", "")
    assert records.rows[1].received_at == local(2024, 10, 1, 9, 30)
    (remark,) = records.remarks
    assert remark.startswith("1 rows, the first in line 3,")
    assert not records_of([row.cells for row in records.rows]).remarks


@pytest.mark.parametrize(
    ("cell", "type", "topic"),
    [
        ("After-sales-维修", CaseType.AFTER_SALES, "维修"),
        ("after-sales", CaseType.AFTER_SALES, ""),
        ("售后 - 以旧-换新", CaseType.AFTER_SALES, "以旧-换新"),
        ("Complaint-物流-延迟", CaseType.COMPLAINT, "物流-延迟"),
    ],
)
def test_a_type_with_a_dash_of_its_own_is_not_divided(cell: str, type: CaseType, topic: str) -> None:
    (row,) = understood([changed(type=cell)])
    assert (row.type, row.topic) == (type, topic)


def test_a_blank_cell_of_key_points_holds_none() -> None:
    (row,) = understood([changed(progress=" \n")])
    assert (row.key_points, row.cells[8]) == ((), "")


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("30分钟后回电", "30分钟后回电"),
        ("客户说：\n2020-09-30 10:00 曾致电；\r\n;已回复", "客户说：，2020-09-30 10:00 曾致电，已回复"),
        ("；已回复;", "已回复"),
        ("11:00到货", "11:00到货"),
        ("-5度", "-5度"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("day", [1, 2])
def test_a_key_point_written_here_is_read_as_it_was_meant(note: str, text: str, day: int) -> None:
    at = local(2024, 10, day, 10, 40)
    cell = key_point_words(at, note, local(2024, 10, 1, 9, 30), ZONE)
    (row,) = understood([changed(progress=cell)])
    assert [(point.at, point.text) for point in row.key_points] == [(at, text)]


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
