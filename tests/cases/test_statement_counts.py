"""What each write costs in statements, a count that noise does not touch; the limits are the paper's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.lifecycle import MOVES
from cases.models import Staff
from cases.services import register_case, transition_case
from tests.cases.trials import first_allowed
from tests.factories import CustomerFactory, TeamFactory, make_case
from tests.scenes import make_scene

pytestmark = pytest.mark.django_db

REGISTER_AT_MOST = 8
TRANSITION_AT_MOST = 10
TWO_CASES = {"mark_duplicate": 4}  # tells the other case too: its event, its version, its clocks, its notices
FRAMING = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")


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


@pytest.mark.parametrize("name", MOVES)
def test_a_transition_is_one_transaction_of_at_most_ten_statements(name: str) -> None:
    trial, person = first_allowed(name)
    actor = ready(Staff.objects.get(pk=person.pk) if person else None)

    answers = trial.answers()

    transactions, statements = cost_of(
        lambda: transition_case(trial.case.pk, name, actor=actor, note="客户来电要求", **answers)
    )

    assert transactions == 1
    assert statements <= TRANSITION_AT_MOST + TWO_CASES.get(name, 0)


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
