"""What each write costs in statements, a count that noise does not touch; the limits are the paper's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.choices import Channel, State
from cases.lifecycle import MOVES
from cases.models import Case, CustomerLink, Staff
from cases.services import register_case, transition_case
from cases.services.customer_links import issue_link
from cases.services.customer_words import Word, give_word
from tests.cases.acting import do, soon
from tests.cases.trials import first_allowed
from tests.factories import CustomerFactory, TeamFactory, make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

REGISTER_AT_MOST = 8
TRANSITION_AT_MOST = 10
FRAMING = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")


NOT_SOLVED = {"solved": False, "score": 1, "channel": Channel.PHONE}


@dataclass(frozen=True)
class Work:
    """A transition, and all that it can be given."""

    case: Case
    name: str
    actor: Staff | None
    answers: dict[str, Any]


def cost_of(write: Callable[[], object]) -> tuple[int, int]:
    """Transactions (savepoints inside the test's own) and statements of a write."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        write()
    statements = [query["sql"] for query in captured.captured_queries]
    framed = [sql for sql in statements if sql.startswith(FRAMING)]
    begun = [sql for sql in framed if sql.startswith(("SAVEPOINT", "BEGIN"))]
    return len(begun), len(statements) - len(framed)


def ready(staff: Staff | None) -> Staff | None:
    """As a page hands the person over: rights and teams have been asked for already."""
    if staff is not None:
        staff.get_all_permissions()
        assert staff.team_ids is not None
        assert staff.led_team_ids is not None
    return staff


@pytest.mark.parametrize("key", [None, "page"])
@pytest.mark.parametrize("name", MOVES)
def test_a_transition_is_one_transaction_of_at_most_ten_statements(name: str, key: str | None) -> None:
    """The key of a page is looked for by one more."""
    trial, person = first_allowed(name)
    actor = ready(Staff.objects.get(pk=person.pk) if person else None)

    answers = trial.answers()

    transactions, statements = cost_of(
        lambda: transition_case(
            trial.case.pk, name, actor=actor, note="客户来电要求", cause_key=key, **answers
        )
    )

    assert transactions == 1
    assert statements <= TRANSITION_AT_MOST + (key is not None)


def dispatch_to_three_helpers(scene: Scene) -> Work:
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel=Channel.PHONE, message="物流组会跟进")
    helpers = TeamFactory.create_batch(3)
    return Work(case, "dispatch", scene.agent, {"team": scene.back, "supporting": helpers})


def dispute_on_behalf(scene: Scene) -> Work:
    return Work(scene.case(State.CONFIRMATION), "dispute", scene.specialist, NOT_SOLVED)


def dispute_for_a_manager(scene: Scene) -> Work:
    work = dispute_on_behalf(scene)
    Staff.objects.filter(pk=scene.supervisor.pk).update(is_active=False)
    return work


def dispute_for_nobody(scene: Scene) -> Work:
    work = dispute_for_a_manager(scene)
    Staff.objects.filter(pk=scene.manager.pk).update(is_active=False)
    return work


def dispute_of_a_silence_for_nobody(scene: Scene) -> Work:
    """By the link the customer still holds."""
    work = dispute_for_nobody(scene)
    do(work.case, "expire", None)
    issue_link(case_id=work.case.pk, round_number=1)
    return Work(work.case, "dispute", None, {"solved": False, "score": 1, "cause_key": "page"})


def third_dispute_for_nobody(scene: Scene) -> Work:
    case = scene.case(State.CONFIRMATION)
    for _round in range(2):
        do(case, "dispute", None, solved=False, score=1)
        handler = Staff.objects.get(handled_cases=case)
        do(case, "submit_plan", handler, plan="换人重做")
        do(case, "accept", handler, promised_at=soon())
        do(case, "deliver", handler, result="已补发")
    Staff.objects.exclude(pk=handler.pk).update(is_active=False)
    return Work(case, "dispute", handler, NOT_SOLVED)


@pytest.mark.parametrize(
    "prepare",
    [
        dispatch_to_three_helpers,
        dispute_on_behalf,
        dispute_for_a_manager,
        dispute_for_nobody,
        third_dispute_for_nobody,
    ],
)
def test_what_costs_most_is_one_transaction_of_at_most_ten_statements(
    prepare: Callable[[Scene], Work],
) -> None:
    work = prepare(make_scene())
    actor = ready(Staff.objects.get(pk=work.actor.pk) if work.actor else None)

    transactions, statements = cost_of(
        lambda: transition_case(work.case.pk, work.name, actor=actor, note="客户来电", **work.answers)
    )

    assert transactions == 1
    assert statements <= TRANSITION_AT_MOST


def test_a_customer_whose_silence_ended_the_case_is_heard_in_one_statement_more() -> None:
    """Their link must still hold, and the key of the page they sent is looked for."""
    work = dispute_of_a_silence_for_nobody(make_scene())

    transactions, statements = cost_of(
        lambda: transition_case(work.case.pk, work.name, actor=None, **work.answers)
    )

    assert transactions == 1
    assert statements <= TRANSITION_AT_MOST + 1


@pytest.mark.parametrize("word", [Word(solved=True, score=5), Word(solved=False, score=1)])
def test_a_word_by_link_is_one_transaction_of_three_statements_more(word: Word) -> None:
    """Is the link still good, has this page been sent before, and when was the link first used."""
    case = make_scene().case(State.CONFIRMATION)
    issue_link(case_id=case.pk, round_number=1)
    link = CustomerLink.objects.get()

    transactions, statements = cost_of(lambda: give_word(link, word, nonce="page"))

    assert transactions == 1
    assert statements <= TRANSITION_AT_MOST + 3


def test_registering_is_one_transaction_of_at_most_eight_statements() -> None:
    scene = make_scene()
    make_case(team=TeamFactory())  # the day's numbers have begun
    agent, customer = ready(scene.agent), CustomerFactory()

    transactions, statements = cost_of(
        lambda: register_case(
            actor=agent,
            customer=customer,
            channel="phone",
            type="complaint",
            description="订单显示已签收，但未收到货",
            team=scene.front,
        )
    )

    assert transactions == 1
    assert statements <= REGISTER_AT_MOST
