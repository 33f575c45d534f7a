"""
The service record sheet (客户服务响应流程记录表): its thirteen columns, its words, and one row of it. Pure.

The sheet is always Chinese, whatever language the person at the screen reads: it is a document, not a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from cases.choices import CaseType, Confirmation, Urgency

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

Cells = tuple[str, ...]

COLUMNS: Cells = (
    "服务编号",
    "客户编号",
    "需求类型",
    "需求详情简述",
    "紧急程度",
    "受理时间",
    "首次响应时间",
    "处理责任人",
    "处理进展(关键节点)",
    "处理结果",
    "客户确认状态",
    "客户初评(1-5分)",
    "备注",
)


class Column(IntEnum):
    """Positions in COLUMNS."""

    NUMBER = 0
    CUSTOMER = 1
    TYPE = 2
    DESCRIPTION = 3
    URGENCY = 4
    RECEIVED = 5
    FIRST_RESPONSE = 6
    HANDLER = 7
    PROGRESS = 8
    RESULT = 9
    CONFIRMATION = 10
    SCORE = 11
    REMARK = 12


TYPE_WORDS: dict[str, str] = {
    CaseType.CONSULTATION: "咨询",
    CaseType.COMPLAINT: "投诉",
    CaseType.SUGGESTION: "建议",
    CaseType.AFTER_SALES: "售后",
}
URGENCY_WORDS: dict[str, str] = {
    Urgency.URGENT: "紧急",
    Urgency.IMPORTANT: "重要",
    Urgency.NORMAL: "一般",
}
CONFIRMATION_WORDS: dict[str, str] = {
    "": "",
    Confirmation.PENDING: "待确认",
    Confirmation.SATISFIED: "已确认满意",
    Confirmation.DISSATISFIED: "不满意-二次处理",
    Confirmation.UNANSWERED: "未回复自动归档",
}

MOMENT_FORMAT = "%Y-%m-%d %H:%M"
AROUND_KEY_POINTS = " \t\r\n;；:：\u3000"  # no part of what a key point says
_WOULD_DIVIDE = re.compile(r"\s*[;；\r\n]+\s*")


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """
    One entry of 处理进展.

    ``written`` is the exact text and ``joint`` the exact separator before it, so that the cell can be
    rebuilt letter for letter; ``text`` is what it says without its time. ``at`` is aware.
    """

    at: datetime
    text: str
    written: str
    joint: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """
    One row, understood. ``cells`` are the thirteen texts as an export gives them back.

    ``line`` is where the row begins in its file, counted from 1. Moments are aware. ``topic`` is '' where the
    sheet names none, ``confirmation`` '' where nobody has been asked.
    """

    line: int
    cells: Cells
    number: str
    customer: str
    type: str
    topic: str
    description: str
    urgency: str
    received_at: datetime
    first_response_at: datetime | None
    handler: str
    key_points: tuple[KeyPoint, ...]
    result: str
    confirmation: str
    score: int | None
    remark: str


def subject_words(type: str, topic: str) -> str:
    """投诉-物流延迟, or 投诉 alone."""
    word = TYPE_WORDS[type]
    return f"{word}-{topic}" if topic else word


def moment_words(at: datetime | None, zone: tzinfo) -> str:
    """2024-10-01 09:30 in the zone of the sheet; '' for no moment."""
    return at.astimezone(zone).isoformat(" ", "minutes")[:16] if at else ""


def key_point_words(at: datetime, text: str, received_at: datetime, zone: tzinfo) -> str:
    """
    A key point with as much of its date as is needed to read it beside the day of the intake.

    What would divide it in two is written as a comma, and digits stand clear of the time.
    """
    local, intake = at.astimezone(zone), received_at.astimezone(zone)
    said = _WOULD_DIVIDE.sub("，", text.strip(AROUND_KEY_POINTS))
    if said[:1].isdecimal():
        said = f" {said}"
    if local.date() == intake.date():
        return f"{local:%H:%M}{said}"
    if local.year == intake.year:
        return f"{local:%m-%d %H:%M}{said}"
    return f"{local:%Y-%m-%d %H:%M}{said}"


def join_key_points(points: Sequence[tuple[str, str]]) -> str:
    """The cell made of (joint, written) pairs."""
    return "".join(joint + written for joint, written in points)
