"""A process whose clock is wrong decides as the others do: by the clock of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.test import override_settings
from django.utils import timezone

from cases.choices import State
from cases.models import Case
from cases.services.transitions import offers
from tests.cases.acting import do
from tests.cases.customer.visiting import visitor
from tests.scenes import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

WRONG_BY = [timedelta(hours=25), timedelta(hours=-25)]


@contextmanager
def process_wrong_by(wrong: timedelta) -> Iterator[None]:
    """While the clock of the database is right, and counts."""
    with override_settings(CLOCK="database"), time_machine.travel(timezone.now() + wrong):
        yield


@pytest.mark.parametrize("wrong", WRONG_BY)
def test_a_page_opened_just_now_takes_a_word_whatever_the_process_thinks(
    scene: Scene, wrong: timedelta
) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    nonce = page.nonce()
    with process_wrong_by(wrong):
        page.say(solved=True, score=5, nonce=nonce)


def test_a_page_opened_25_hours_ago_takes_none_though_the_process_thinks_it_fresh(scene: Scene) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    with time_machine.travel(timezone.now() - timedelta(hours=25)):
        nonce = page.nonce()
    with process_wrong_by(-timedelta(hours=25)):
        assert page.post(nonce=nonce, solved="yes", score=5).status_code == 422


@pytest.mark.parametrize(("days", "possible"), [(29, True), (30, False)])
@pytest.mark.parametrize("wrong", WRONG_BY)
def test_a_case_is_reopened_by_the_days_of_the_database(
    scene: Scene, wrong: timedelta, days: int, possible: bool
) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=days, hours=1)):
        case = Case.objects.get(pk=scene.case(State.ARCHIVE).pk)
    with process_wrong_by(wrong):
        offered = {offer.name: offer.reason for offer in offers(case, scene.supervisor)}
        assert (offered["reopen"] is None) is possible
        if possible:
            assert do(case, "reopen", scene.supervisor).state == State.ANALYSIS
