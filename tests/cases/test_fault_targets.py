"""What fault trials hold against the targets of the reliability paper: in time is quiet, too late is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cases.clock import database_now
from cases.models import Case, Endpoint, Heartbeat
from cases.notices.breakers import MOST_FAILURES, record_failure
from tests.factories import make_case
from tests.faults.browser import Answer, Request
from tests.faults.lies import opened_breakers
from tests.faults.races import OTHER_WORDS, faults_of_second_body
from tests.faults.targets import Pages, came_in_time, share_of, ticks_again, too_late


def pages(*, during: list[float], usual: list[float]) -> Pages:
    found = Pages()
    found.book([Request(5.0, each) for each in during], 0.0, 4.0, 6.0)
    found.book([Request(each % 2 * 6.0, each) for each in usual], 0.0, 4.0, 6.0)
    return found


def test_pages_are_told_apart_by_when_they_were_asked_for() -> None:
    found = Pages()
    found.book([Request(moment, moment) for moment in (1.0, 2.0, 3.0, 4.0, 5.0)], 2.0, 3.0, 5.0)

    assert (found.during, found.usual) == ([3.0, 4.0], [2.0, 5.0])


def test_pages_that_wait_for_a_second_in_a_fault_are_seen() -> None:
    assert pages(during=[0.2] * 18 + [1.1] * 2, usual=[0.2] * 20).too_slow == (1.1, 0.2)


def test_one_slow_page_in_a_hundred_is_no_violation() -> None:
    assert pages(during=[0.2] * 99 + [9.0], usual=[0.2]).too_slow is None


def test_a_machine_that_is_slow_without_a_fault_is_not_held_against_it() -> None:
    assert pages(during=[2.9] * 20, usual=[2.0] * 20).too_slow is None
    assert pages(during=[3.1] * 20, usual=[2.0] * 20).too_slow == (3.1, 2.0)


def test_no_page_at_all_is_no_slow_page() -> None:
    assert Pages().too_slow is None
    assert share_of([], 0.99) == 0.0


@pytest.mark.parametrize(("fault", "most"), [("F1", 15.0), ("F5", 20.0), ("F6", 20.0)])
def test_levels_noticed_later_than_their_fault_allows_are_seen(fault: str, most: float) -> None:
    assert too_late(fault, [0.1, most]) == []
    assert too_late(fault, [0.1, most + 0.1]) == [0.1, most + 0.1]


def test_a_fault_without_a_limit_blames_no_lateness() -> None:
    assert too_late("F9", [1000.0]) == []


def test_an_answer_that_took_longer_than_the_limit_came_too_late() -> None:
    assert came_in_time(lambda: True, 60.0)
    assert not came_in_time(lambda: True, -1.0)
    assert not came_in_time(lambda: False, 0.0)


@pytest.mark.django_db
def test_only_a_tick_after_the_healing_counts() -> None:
    beat: Any = Heartbeat.objects.update_or_create(name="tick", defaults={"at": database_now()})[0]
    ticked = ticks_again()
    assert not ticked()

    Heartbeat.objects.filter(pk=beat.pk).update(at=database_now() + timedelta(seconds=1))
    assert ticked()


@pytest.mark.django_db
def test_a_breaker_counts_as_open_from_the_last_of_its_failures_on() -> None:
    hook = Endpoint.objects.create(name="hook", channel="webhook", url="https://example.com/")
    for _failure in range(MOST_FAILURES - 1):
        record_failure(hook)
    assert opened_breakers("webhook") == 0

    record_failure(hook)
    assert opened_breakers("webhook") == 1
    assert opened_breakers("sms") == 0


@pytest.mark.django_db
def test_other_words_under_the_same_key_are_seen_when_they_are_taken_or_displace_the_first() -> None:
    case = make_case(description="未收到货", cause_key="register:1:a")
    refusal = Answer(409)
    assert faults_of_second_body(refusal, "register:1:a", "未收到货") == []

    led_away = faults_of_second_body(Answer(200, "/case/1/"), "register:1:a", "未收到货")
    assert led_away == ["not refused: 200 /case/1/"]
    assert len(faults_of_second_body(refusal, "register:1:b", "未收到货")) == 1
    Case.objects.filter(pk=case.pk).update(description=f"未收到货，{OTHER_WORDS}")
    assert len(faults_of_second_body(refusal, "register:1:a", "未收到货")) == 2
