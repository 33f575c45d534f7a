"""Cases as rows of the record sheet, read set-wise: four queries and the memory of one chunk at a time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from cases.choices import Confirmation
from cases.models import CaseEvent, EventKind, Round
from cases.record_sheet import (
    CONFIRMATION_WORDS,
    URGENCY_WORDS,
    Cells,
    join_key_points,
    key_point_words,
    moment_words,
    subject_words,
)
from cases.services.outcomes import is_dissatisfied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cases.querysets import CaseQuerySet

Rounds = dict[int, dict[int, tuple[str, str]]]  # result and score by case and number of the round

CHUNK = 1000  # cases read at a time
JOINT = ";"
CHAIN = "二次处理："
FIELDS = (
    "pk",
    "number",
    "customer__number",
    "type",
    "topic__name",
    "description",
    "urgency",
    "received_at",
    "first_response_at",
    "handler__name",
    "handler__username",
    "handler_name",
    "confirmation",
    "remark",
    "round_number",
)
# Who has been asked and has not answered has given no score; one the sheet brought along is of before.
UNSCORED = (Confirmation.PENDING, Confirmation.UNANSWERED)


def record_cells(cases: CaseQuerySet) -> Iterator[Cells]:
    """
    The thirteen cells of each case, by number; four queries for every CHUNK of them.

    Times are those of the time zone in the settings: a sheet is read by others than who exports it. A case
    that was imported and not touched since gives the cells it came with, letter for letter.
    """
    rows = cases.order_by("number").values_list(*FIELDS).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        received = {row[0]: row[7] for row in chunk}
        rounds = _rounds(received)
        chains = second_handlings(received)
        progress = _progress(received)
        for row in chunk:
            yield _cells(row, progress.get(row[0], ""), rounds, chains.get(row[0], ""))


def _cells(row: tuple[Any, ...], progress: str, rounds: Rounds, chain: str) -> Cells:
    zone = timezone.get_default_timezone()
    (_pk, number, customer, type, topic, description, urgency, received, response, *people) = row[:-3]
    word, remark, round_number = row[-3:]
    result, score = _result_and_score(rounds.get(row[0], {}), word, round_number)
    return (
        number,
        customer,
        subject_words(type, topic or ""),
        description,
        URGENCY_WORDS[urgency],
        moment_words(received, zone),
        moment_words(response, zone),
        next((name.strip() for name in people if name and name.strip()), ""),
        progress,
        result,
        CONFIRMATION_WORDS[word],
        score,
        "；".join(part for part in (remark, chain) if part),
    )


def _rounds(case_ids: Iterable[int]) -> Rounds:
    found: Rounds = {}
    rounds = Round.objects.filter(case_id__in=case_ids)
    for case_id, number, result, score in rounds.values_list("case_id", "number", "result", "score"):
        found.setdefault(case_id, {})[number] = (result, "" if score is None else str(score))
    return found


def second_handlings(case_ids: Iterable[int]) -> dict[int, str]:
    """
    How each case that was handled again went from round to round, in the sheet's language: who, and the word.

    Only what happened here: a sheet that was brought in told its own story in its own words.
    """
    here = CaseEvent.objects.filter(kind=EventKind.DISPUTE, imported=False, case=OuterRef("case"))
    rounds = Round.objects.filter(Exists(here), case_id__in=case_ids).order_by("case_id", "number")
    links: dict[int, list[str]] = {}
    for case_id, number, name, solved, score in rounds.values_list(
        "case_id", "number", "handler__name", "solved", "score"
    ):
        words = [f"第{number}轮", name or "", _said(solved, score), f"{score}分" if score else ""]
        links.setdefault(case_id, []).append(" ".join(word for word in words if word))
    return {case_id: CHAIN + "→".join(parts) for case_id, parts in links.items()}


def _said(solved: bool | None, score: int | None) -> str:
    if not solved:
        return "" if solved is None else "未解决"
    return "不满意" if is_dissatisfied(solved, score) else "已解决"


def _result_and_score(rounds: dict[int, tuple[str, str]], word: str, present: int) -> tuple[str, str]:
    """
    Those the customer's word is about: of the round before while a dissatisfied customer waits for the next
    result, else of the present round, so that the three cells of a row never contradict each other.
    """
    meant = present - 1 if word == Confirmation.DISSATISFIED else present
    result, score = rounds.get(meant, ("", ""))
    return result, "" if word in UNSCORED else score


def _progress(received: dict[int, datetime]) -> dict[int, str]:
    """The key points of each case: imported ones as they were written, others with their time in front."""
    zone = timezone.get_default_timezone()
    points: dict[int, list[tuple[str, str]]] = {}
    events = CaseEvent.objects.filter(case_id__in=received, kind=EventKind.REPORT_PROGRESS)
    for case_id, at, note, data in events.order_by("case_id", "seq").values_list(
        "case_id", "at", "note", "data"
    ):
        before = points.setdefault(case_id, [])
        if "written" in data:
            before.append((data["joint"], data["written"]))
        else:
            words = key_point_words(at, note, received[case_id], zone)
            before.append((JOINT if before else "", words))
    return {case_id: join_key_points(pairs) for case_id, pairs in points.items()}
