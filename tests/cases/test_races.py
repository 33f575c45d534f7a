"""Two people on one case at the same moment, in real threads: one wins, or both in line; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cases.choices import Outcome, Role, State
from cases.exceptions import CaseError, InvalidInput, NotPermitted, NotPossible
from cases.models import Case, CaseEvent, Staff, Topic
from cases.services import register_case, transition_case
from cases.services.numbers import next_number, reserve_numbers, split_number
from cases.services.reference import ensure_roles, ensure_topics
from tests.cases.acting import soon
from tests.factories import CustomerFactory, StaffFactory
from tests.invariants import violations
from tests.scenes import Scene, make_scene

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
ROUNDS = 50
THREADS = 10


@pytest.fixture
def organisation(transactional_db: None) -> Scene:
    """Committed rows; an earlier test of this kind has emptied the tables, roles and topics too."""
    ensure_roles()
    ensure_topics(Topic)
    return make_scene()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads with a connection each, closed before the database is emptied."""
    with ThreadPoolExecutor(THREADS) as threads:
        yield threads
        together(threads, [close_connection] * THREADS)


def close_connection() -> None:
    """Of the thread that calls."""
    connection.close()


def together(pool: ThreadPoolExecutor, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the jobs at the same moment, one thread each; a refusal is a result like any other."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        start.wait()
        return result_of(job)

    return list(pool.map(run, jobs))


def result_of(job: Callable[[], Any]) -> Any:
    try:
        return job()
    except CaseError as refused:
        return refused


def step(case: Case, name: str, actor: Staff | None, **data: Any) -> Callable[[], Case]:
    return partial(transition_case, case.pk, name, actor=actor, **{"note": "同时", **data})


def winners(results: list[Any]) -> list[Any]:
    losers = [result for result in results if isinstance(result, CaseError)]
    assert all(isinstance(loser, NotPermitted | NotPossible | InvalidInput) for loser in losers), losers
    return [result for result in results if result not in losers]


def dispatched(scene: Scene) -> Case:
    case = scene.case(State.ANALYSIS)
    return transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)


def kinds_since(case: Case) -> list[str]:
    """The events added to the case after this instance was read."""
    return list(case.events.filter(seq__gt=case.version).values_list("kind", flat=True))


def colleague(scene: Scene) -> Staff:
    return StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])


def test_of_two_who_accept_one_wins(organisation: Scene, pool: ThreadPoolExecutor) -> None:
    second = colleague(organisation)
    for _round in range(ROUNDS):
        case = dispatched(organisation)
        both = [step(case, "accept", who, promised_at=soon()) for who in (organisation.specialist, second)]
        (won,) = winners(together(pool, both))
        assert kinds_since(case) == ["accept"]
        case.refresh_from_db()
        assert case.handler == won.handler
    assert violations() == {}


def test_a_reassignment_and_an_acceptance_are_in_line(organisation: Scene, pool: ThreadPoolExecutor) -> None:
    second = colleague(organisation)
    for _round in range(ROUNDS):
        case = dispatched(organisation)
        reassign = step(case, "reassign", organisation.supervisor, handler=second)
        won = winners(
            together(pool, [reassign, step(case, "accept", organisation.specialist, promised_at=soon())])
        )
        assert kinds_since(case) == (["reassign"] if len(won) == 1 else ["accept", "reassign"])
        case.refresh_from_db()
        assert (case.handler, case.accepted_at) == (second, None)
    assert violations() == {}


def test_two_reports_of_progress_are_both_kept(organisation: Scene, pool: ThreadPoolExecutor) -> None:
    case = organisation.case(State.HANDLING)
    for number in range(ROUNDS):
        case.refresh_from_db()
        notes = [f"第{number}次甲", f"第{number}次乙"]
        report = partial(step, case, "report_progress", organisation.specialist)
        assert len(winners(together(pool, [report(note=note) for note in notes]))) == 2
        kept = case.events.filter(seq__gt=case.version)
        assert sorted(kept.values_list("note", flat=True)) == sorted(notes)
    assert violations() == {}


def test_of_a_delivery_and_a_withdrawal_nothing_is_lost(
    organisation: Scene, pool: ThreadPoolExecutor
) -> None:
    for _round in range(ROUNDS):
        case = organisation.case(State.HANDLING)
        deliver = step(case, "deliver", organisation.specialist, result="已补发")
        won = winners(together(pool, [deliver, step(case, "withdraw", organisation.specialist)]))
        assert kinds_since(case) == (["withdraw"] if len(won) == 1 else ["deliver", "withdraw"])
        case.refresh_from_db()
        assert (case.state, case.outcome) == (State.ARCHIVE, Outcome.WITHDRAWN)
    assert violations() == {}


def test_of_two_cases_marked_as_duplicates_of_each_other_one_stays_open(
    organisation: Scene, pool: ThreadPoolExecutor
) -> None:
    for _round in range(ROUNDS // 4):
        first, second = organisation.case(State.ANALYSIS), organisation.case(State.ANALYSIS)
        mark = partial(step, name="mark_duplicate", actor=organisation.agent)
        assert len(winners(together(pool, [mark(first, other=second), mark(second, other=first)]))) == 1
    assert Case.objects.under_way().count() == ROUNDS // 4
    assert violations() == {}


def test_of_two_hundred_who_claim_a_case_one_has_it(organisation: Scene, pool: ThreadPoolExecutor) -> None:
    agents = StaffFactory.create_batch(
        20, role=Role.AGENT, department=organisation.department, teams=[organisation.front]
    )
    case = organisation.case()
    jobs = [step(case, "begin_analysis", agents[number % 20]) for number in range(200)]
    (won,) = winners(list(pool.map(result_of, jobs)))
    case.refresh_from_db()
    assert (case.version, case.handler) == (2, won.handler)
    assert violations() == {}


def test_two_hundred_registrations_get_two_hundred_numbers(
    organisation: Scene, pool: ThreadPoolExecutor
) -> None:
    customer = CustomerFactory()
    cases = list(pool.map(result_of, [registration(organisation, customer)] * 200))
    assert len({case.number for case in cases}) == 200
    assert violations() == {}


def registration(scene: Scene, customer: Any, **more: Any) -> Callable[[], Case]:
    return partial(
        register_case,
        actor=scene.agent,
        customer=customer,
        channel="phone",
        type="complaint",
        description="未收到货",
        team=scene.front,
        **{"despite_duplicates": True, **more},
    )


def test_a_form_sent_twice_at_once_is_one_case_and_one_event(
    organisation: Scene, pool: ThreadPoolExecutor
) -> None:
    customer = CustomerFactory()
    for number in range(20):
        once = registration(organisation, customer, cause_key=f"form:{number}")
        cases = together(pool, [once] * 4)
        assert len({case.pk for case in cases}) == 1
        note = step(cases[0], "add_note", organisation.agent, cause_key=f"note:{number}")
        together(pool, [note] * 4)
        assert CaseEvent.objects.filter(cause_key=f"note:{number}").count() == 1
        assert cases[0].events.count() == 2
    assert Case.objects.count() == 20
    assert violations() == {}


def test_imported_numbers_are_never_given_out_while_others_register(
    organisation: Scene, pool: ThreadPoolExecutor
) -> None:
    today = timezone.localdate()
    last = 0
    for number in range(20):
        imported = last + 30
        reserve = partial(reserve_numbers, [f"CS{today:%Y%m%d}{imported:03d}"])
        given = together(pool, [*[partial(next_number, today)] * 8, reserve])[:8]
        counters = [split_number(text)[1] for text in given]
        after = split_number(next_number(today))[1]
        assert len(set(counters)) == 8, number
        assert after > max(imported, *counters)
        last = after
