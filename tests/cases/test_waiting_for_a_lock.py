"""Who waits for the lock of a case goes by what the other has made of it, and by what it now refers to."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from cases.choices import Channel, Role, State
from cases.exceptions import CaseNotFound
from cases.models import Case, Staff, StandardsStamp, Team, WorkCalendar
from cases.services import transition_case
from cases.services.calendar_seed import ensure_calendars
from cases.services.standards_seed import ensure_standards
from cases.services.steps import lock_cases
from tests.cases.acting import soon
from tests.cases.exchange.test_import_races import elsewhere, wait_until_it_waits
from tests.cases.test_races import organisation as organisation
from tests.cases.test_races import pool as pool
from tests.cases.test_races import result_of
from tests.factories import StaffFactory, TeamFactory, make_case
from tests.scenes import Scene

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def other(organisation: Scene) -> Team:
    """Of the same department, with a calendar of its own."""
    StandardsStamp.objects.all().delete()
    ensure_calendars(apps)
    nights = WorkCalendar.objects.create(name="昼夜轮班", always_on=True)
    ensure_standards(apps)
    team: Team = TeamFactory(department=organisation.department, tier=organisation.back.tier, calendar=nights)
    return team


@pytest.fixture
def successor(organisation: Scene, other: Team) -> Staff:
    person: Staff = StaffFactory(role=Role.SPECIALIST, department=organisation.department, teams=[other])
    return person


def meanwhile(pool: ThreadPoolExecutor, case: Case, scene: Scene, successor: Staff, job: Any) -> Any:
    """The job's result, which had to wait until the case was with somebody of another team."""
    with transaction.atomic():
        (team,) = successor.teams.all()
        transition_case(
            case.pk, "reassign", actor=scene.supervisor, handler=successor, team=team, note="换组"
        )
        waiting: Future[Any] = elsewhere(pool, job)
        wait_until_it_waits(waiting)
    return waiting.result()


def test_a_step_that_waited_is_one_of_the_team_the_case_was_given(
    organisation: Scene, successor: Staff, other: Team, pool: ThreadPoolExecutor
) -> None:
    case = organisation.case(State.HANDLING)
    words: dict[str, Any] = {"channel": Channel.PHONE, "message": "正在处理"}

    meanwhile(
        pool,
        case,
        organisation,
        successor,
        lambda: transition_case(case.pk, "contact_customer", actor=successor, **words),
    )

    said = case.events.latest("seq")
    assert (said.kind, said.team) == ("contact_customer", other)
    clocks = case.timers.running().exclude(calendar=None)
    assert {clock.calendar_id for clock in clocks} == {other.calendar_id}


def test_a_step_that_waited_is_refused_to_whom_the_case_was_taken_from(
    organisation: Scene, successor: Staff, pool: ThreadPoolExecutor
) -> None:
    case = organisation.case(State.HANDLING)

    refused = meanwhile(
        pool,
        case,
        organisation,
        successor,
        lambda: result_of(
            partial(transition_case, case.pk, "report_progress", actor=organisation.specialist, note="已联系")
        ),
    )

    assert isinstance(refused, CaseNotFound)
    assert case.events.latest("seq").kind == "reassign"


def test_a_step_that_waited_until_its_team_was_asked_for_support_is_made(
    organisation: Scene, other: Team, pool: ThreadPoolExecutor
) -> None:
    """Beside the row that was waited for, PostgreSQL shows support requests as they were before."""
    case = organisation.case(State.HANDLING)
    note = partial(transition_case, case.pk, "add_note", actor=organisation.supporter, note="货在途")

    with transaction.atomic():
        transition_case(
            case.pk,
            "ask_support",
            actor=organisation.specialist,
            team=organisation.support,
            request="请核对物流",
            due_at=soon(),
        )
        waiting: Future[Any] = elsewhere(pool, note)
        wait_until_it_waits(waiting)

    assert waiting.result().events.latest("seq").kind == "add_note"


@pytest.mark.parametrize("beside", [0, 60], ids=["one", "many"])
def test_what_a_locked_case_refers_to_is_what_it_refers_to_now(
    organisation: Scene, successor: Staff, other: Team, pool: ThreadPoolExecutor, beside: int
) -> None:
    case = organisation.case(State.HANDLING)
    more = [make_case() for _case in range(beside)]

    @transaction.atomic
    def look() -> tuple[Team | None, bool]:
        locked = lock_cases([case.pk, *(one.pk for one in more)])[case.pk]
        return locked.team, locked.handler is None

    assert meanwhile(pool, case, organisation, successor, look) == (other, False)
