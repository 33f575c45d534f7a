"""
Restoring cases from a record sheet: their history becomes events at their own times, marked as imported.

All rows or none, written set-wise; nobody is notified. A number that exists with the same thirteen cells, now
or when it was imported, is left alone: the same file twice changes nothing, whatever people and topics are
called by then. One with other cells is refused and shown side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.utils import bulk_create_with_history

from cases.choices import Confirmation, ScoreSource, Source, Stage, State
from cases.exceptions import CaseError, NotPermitted
from cases.models import Case, CaseEvent, Customer, ImportRecord, Round, Staff, Team, Topic
from cases.problems import Problems, SheetRefused, shortened
from cases.record_sheet import COLUMNS, Column, RecordRow
from cases.services.bulk_rows import insert_rows, values_of
from cases.services.clocks import database_now
from cases.services.numbers import reserve_numbers, split_number
from cases.services.rearming import arm_anew
from cases.services.record_cells import record_cells
from cases.services.record_history import OUTCOMES, WRITTEN, digest_of, ended_at, history_of
from cases.services.routing import Traits, find_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cases.record_sheet import Cells
    from cases.services.record_history import History

BATCH = 2000  # customers of one INSERT
SOLVED: dict[str, bool] = {Confirmation.SATISFIED: True, Confirmation.DISSATISFIED: False}
MASKS = frozenset("*＊")
# What somebody must be allowed to do to go on with a case in this state; in any other, one of the two.
RIGHTS: dict[str, tuple[str, ...]] = {
    State.ANALYSIS: ("cases.may_begin_analysis",),
    State.HANDLING: ("cases.may_accept",),
}
ANY_RIGHT = tuple(right for rights in RIGHTS.values() for right in rights)
# SQLSTATE of a lock that was waited for too long, and of two who waited for each other.
CAME_SECOND = ("55P03", "40P01")


@dataclass(frozen=True)
class Conflict:
    """A cell of a row whose number is already that of a case with other content."""

    line: int
    number: str
    column: str
    stored: str
    given: str


class RecordsConflict(SheetRefused):
    """Rows that contradict stored cases; ``conflicts`` holds both sides of every cell that differs."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        problems = Problems()
        for conflict in conflicts:
            problems.add(
                _("Case %(number)s is stored with “%(stored)s” here.")
                % {"number": conflict.number, "stored": shortened(conflict.stored)},
                _("An import changes no case. Correct the file, or leave the row out."),
                line=conflict.line,
                column=conflict.column,
                value=conflict.given,
            )
        super().__init__(*problems.in_reading_order())
        self.conflicts = list(conflicts)


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do: rows that become cases, and rows that are there already."""

    new: list[RecordRow]
    unchanged: list[RecordRow]


@dataclass(frozen=True)
class ImportResult:
    created: int
    unchanged: int


def plan_import(rows: Sequence[RecordRow], *, actor: Staff | None) -> ImportPlan:
    """
    Look without writing. ``actor`` None is the system, which sees every case.

    Raises NotPermitted; RecordsConflict for numbers with other content; SheetRefused for unknown topics and
    for numbers of cases the actor may not see.
    """
    if actor and not actor.has_perm("cases.import_case"):
        raise NotPermitted
    stored, digests = _stored_cells(rows), _stored_digests(rows)
    _refuse_foreign(rows, stored, actor)
    new: list[RecordRow] = []
    unchanged: list[RecordRow] = []
    conflicts: list[Conflict] = []
    for row in rows:
        cells = stored.get(row.number)
        if cells is None:
            new.append(row)
        elif cells == row.cells or digests.get(row.number) == digest_of(row.cells):
            unchanged.append(row)
        else:
            conflicts += _differences(row, cells)
    _refuse_unknown_topics(new)
    if conflicts:
        raise RecordsConflict(conflicts)
    return ImportPlan(new, unchanged)


def restore_cases(
    rows: Sequence[RecordRow], *, actor: Staff | None, file_name: str, sha256: str
) -> ImportResult:
    """
    Make cases of the rows that are not there yet, in one transaction, and record who brought which file.

    Raises what plan_import raises, and CaseError where somebody else got in between; no case is stored then.
    """
    try:
        _reserve(rows, actor=actor)
        with transaction.atomic():
            plan = plan_import(rows, actor=actor)
            if plan.new:
                # In one order, so that two imports never wait for each other.
                _restore(sorted(plan.new, key=attrgetter("number")))
                ImportRecord.objects.create(
                    staff=actor,
                    file_name=file_name[-150:],
                    sha256=sha256,
                    created=len(plan.new),
                    unchanged=len(plan.unchanged),
                )
    except (IntegrityError, OperationalError) as error:
        if isinstance(error, OperationalError) and not _came_second(error):
            raise
        raise CaseError(
            _("Somebody else registered one of these cases at this moment. Nothing was stored: import again.")
        ) from error
    return ImportResult(created=len(plan.new), unchanged=len(plan.unchanged))


def _came_second(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in CAME_SECOND


def _reserve(rows: Sequence[RecordRow], *, actor: Staff | None) -> None:
    """
    Keep registrations from drawing the numbers of these rows, in a short transaction before the long one.

    Whoever registers the first case of a day waits for whoever began that day: were it the import itself,
    until all its cases are stored. An import refused after all leaves a hole. Only numbers of days that still
    give out new ones can ever come again. Raises what plan_import raises.
    """
    today = f"{timezone.localdate():%Y%m%d}"
    if not any(split_number(row.number)[0] >= today for row in rows):
        return
    with transaction.atomic():
        new = plan_import(rows, actor=actor).new
        reserve_numbers(row.number for row in new if split_number(row.number)[0] >= today)


def _stored_digests(rows: Sequence[RecordRow]) -> dict[str, str]:
    """By number, the digests of the rows that imported cases were made of."""
    numbers = [row.number for row in rows]
    first = CaseEvent.objects.filter(case__number__in=numbers, seq=1, imported=True)
    found = first.values_list("case__number", "data")
    return {number: data[WRITTEN]["sha256"] for number, data in found if WRITTEN in data}


def _stored_cells(rows: Sequence[RecordRow]) -> dict[str, Cells]:
    numbers = [row.number for row in rows]
    cases = Case.objects.filter(number__in=numbers)
    return {cells[Column.NUMBER]: cells for cells in record_cells(cases)}


def _refuse_unknown_topics(rows: Iterable[RecordRow]) -> None:
    known = _topics()
    problems = Problems()
    for row in rows:
        if row.topic and (row.type, row.topic) not in known:
            names = ", ".join(name for type, name in sorted(known) if type == row.type)
            problems.add(
                _("There is no such topic."),
                _("Write one of: %(names)s – or add the topic first.") % {"names": names},
                line=row.line,
                column=COLUMNS[Column.TYPE],
                value=row.cells[Column.TYPE],
            )
    problems.refuse_if_any()


def _topics() -> dict[tuple[str, str], Topic]:
    return {(topic.type, topic.name): topic for topic in Topic.objects.all()}


def _refuse_foreign(rows: Iterable[RecordRow], stored: Iterable[str], actor: Staff | None) -> None:
    """Nothing of a case beyond the actor's scope is shown, not even whether its cells are the same."""
    if actor is None:
        return
    visible = set(
        Case.objects.visible_to(actor).filter(number__in=list(stored)).values_list("number", flat=True)
    )
    problems = Problems()
    for row in rows:
        if row.number in stored and row.number not in visible:
            problems.add(
                _("This number belongs to a case you may not see."),
                _("Leave the row out, or ask somebody who may see the case."),
                line=row.line,
                column=COLUMNS[Column.NUMBER],
                value=row.number,
            )
    problems.refuse_if_any()


def _differences(row: RecordRow, stored: Cells) -> Iterator[Conflict]:
    for column, before, given in zip(COLUMNS, stored, row.cells, strict=True):
        if before != given:
            yield Conflict(row.line, row.number, column, before, given)


def _restore(rows: Sequence[RecordRow]) -> None:
    surroundings = _Surroundings(rows)
    restored = [(row, history_of(row)) for row in rows]
    cases = [_case_of(row, history, surroundings) for row, history in restored]
    _insert_cases(cases)
    pairs = list(zip(cases, restored, strict=True))
    insert_rows(Round, (round_ for case, (row, _history) in pairs for round_ in _rounds_of(case, row)))
    insert_rows(CaseEvent, (event for case, (_row, history) in pairs for event in _events_of(case, history)))
    arm_anew([case.pk for case in cases], surroundings.at)


def _insert_cases(cases: Sequence[Case]) -> None:
    """Stores the cases and tells each its primary key, which a set-wise write does not."""
    insert_rows(Case, map(values_of, cases))
    numbers = [case.number for case in cases]
    ids = dict(Case.objects.filter(number__in=numbers).values_list("number", "pk"))
    for case in cases:
        case.pk = ids[case.number]


@dataclass
class _Surroundings:
    """Customers, topics, people and teams the rows refer to, read once for all of them."""

    rows: Sequence[RecordRow]
    at: datetime = field(default_factory=database_now)
    _routed: dict[tuple[object, ...], Team | None] = field(default_factory=dict)

    @cached_property
    def topics(self) -> dict[tuple[str, str], Topic]:
        return _topics()

    @cached_property
    def customers(self) -> dict[str, Customer]:
        """By number; those that are not there yet are created with nothing but their number."""
        numbers = {row.customer for row in self.rows}
        known = set(Customer.objects.filter(number__in=numbers).values_list("number", flat=True))
        missing = [Customer(number=number) for number in sorted(numbers - known)]
        bulk_create_with_history(missing, Customer, batch_size=BATCH)
        return {customer.number: customer for customer in Customer.objects.filter(number__in=numbers)}

    @cached_property
    def people(self) -> dict[str, Staff]:
        """Active staff by name; a name that two people share stands for neither, a masked one for nobody."""
        names = {row.handler for row in self.rows if row.handler and MASKS.isdisjoint(row.handler)}
        found: dict[str, list[Staff]] = {}
        for staff in Staff.objects.active().filter(name__in=names):
            found.setdefault(staff.name, []).append(staff)
        return {name: people[0] for name, people in found.items() if len(people) == 1}

    def handler_of(self, row: RecordRow, state: str) -> Staff | None:
        """The person of the written name, if their role goes on with a case in this state."""
        staff = self.people.get(row.handler)
        able = staff and any(staff.has_perm(right) for right in RIGHTS.get(state, ANY_RIGHT))
        return staff if able else None

    def team_of(self, row: RecordRow, state: str) -> Team | None:
        """Where the routing rules would send such a case, or None."""
        customer = self.customers[row.customer]
        traits = Traits(
            row.type,
            self.topics.get((row.type, row.topic)),
            region=customer.region,
            vip_level=customer.vip_level,
        )
        taken_in = state in (State.INTAKE, State.ANALYSIS)
        stages = [Stage.INTAKE] if taken_in else [Stage.DISPATCH, Stage.INTAKE]
        key = (traits, *stages)
        if key not in self._routed:
            rules = (find_rule(stage, traits) for stage in stages)
            self._routed[key] = next((rule.team for rule in rules if rule), None)
        return self._routed[key]


def _case_of(row: RecordRow, history: History, surroundings: _Surroundings) -> Case:
    state = history.state
    team = surroundings.team_of(row, state)
    handler = surroundings.handler_of(row, state)
    customer = surroundings.customers[row.customer]
    case = Case(
        number=row.number,
        customer=customer,
        source=Source.IMPORT,
        type=row.type,
        topic=surroundings.topics.get((row.type, row.topic)),
        description=row.description,
        urgency=row.urgency,
        region=customer.region,
        remark=row.remark,
        received_at=row.received_at,
        first_response_at=row.first_response_at,
        state=state,
        state_since=history.state_since,
        archived_at=history.state_since if state == State.ARCHIVE else None,
        outcome=OUTCOMES.get(row.confirmation, ""),
        confirmation=row.confirmation,
        team=team,
        intake_team=surroundings.team_of(row, State.INTAKE) or team,
        handler=handler,
        handler_name="" if handler else row.handler,
        clocks_from=surroundings.at,
        round_number=2 if row.confirmation == Confirmation.DISSATISFIED else 1,
        version=len(history.happenings),
    )
    if team:
        case.tier = team.tier
    case.search_text = case.searchable_text()
    return case


def _rounds_of(case: Case, row: RecordRow) -> Iterator[dict[str, Any]]:
    """Round 1 with all the sheet tells; round 2, open and waiting for a plan, after a dispute."""
    end = ended_at(row)
    disputed = case.round_number > 1
    both = {"case_id": case.pk, "handler_id": case.handler_id}
    yield both | {
        "number": 1,
        "opened_at": row.received_at,
        "closed_at": end if disputed or case.outcome else None,
        "result": row.result,
        "delivered_at": end if row.confirmation else None,
        "solved": SOLVED.get(row.confirmation),
        "score": row.score,
        "score_source": ScoreSource.ON_BEHALF if row.score is not None else "",
    }
    if disputed:
        yield both | {"number": 2, "opened_at": end, "needs_plan": True}


def _events_of(case: Case, history: History) -> Iterator[dict[str, Any]]:
    for seq, happening in enumerate(history.happenings, start=1):
        yield {
            "case_id": case.pk,
            "seq": seq,
            "kind": happening.kind,
            "at": happening.at,
            "from_state": happening.from_state,
            "to_state": happening.to_state,
            "team_id": case.team_id,
            "round_number": case.round_number if seq == case.version else 1,
            "note": happening.note,
            "data": happening.data,
            "imported": True,
        }
