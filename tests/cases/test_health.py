from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from cases.choices import Language, NoticeChannel, NoticeState
from cases.models import Announcement, Heartbeat, Notice, Timer
from cases.services import health
from cases.services.deadman import report_alive
from cases.services.health import LATE_AFTER, present_health, sign_of_life, take_turn
from tests.factories import StaffFactory
from tests.gateways import HttpGateway
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_signed_yet() -> None:
    health._signed.clear()


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def signed_ago(name: str, seconds: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def make_notice(**facts: Any) -> Notice:
    given = {"situation": "remind", "channel": NoticeChannel.EMAIL, "language": Language.CHINESE}
    given |= {"subject": "一", "body": "二", "owed_key": uuid.uuid4().hex, "staff": StaffFactory()}
    return Notice.objects.create(**given | facts)


def test_a_sign_of_life_is_one_row_with_the_last_moment() -> None:
    sign_of_life("tick", fired=1)
    first = Heartbeat.objects.get().at
    sign_of_life("tick", fired=2)
    row = Heartbeat.objects.get()
    assert row.at > first
    assert row.detail == {"fired": 2}


def test_a_sign_that_tells_nothing_new_is_written_seldom() -> None:
    sign_of_life("send:email", every=60, sent=0)
    first = Heartbeat.objects.get().at
    sign_of_life("send:email", every=60, sent=0)
    assert Heartbeat.objects.get().at == first
    sign_of_life("send:email", every=60, sent=3)
    assert Heartbeat.objects.get().at > first


def test_a_turn_is_taken_once_in_so_long_a_time() -> None:
    minute = timedelta(minutes=1)
    assert take_turn("deadman", every=minute)
    assert not take_turn("deadman", every=minute)
    signed_ago("deadman", 61)
    assert take_turn("deadman", every=minute)


def test_clocks_are_late_before_the_first_tick_and_a_minute_after_the_last() -> None:
    assert present_health().state == "late"
    signed_ago("tick", LATE_AFTER - 5)
    assert present_health().state == "ok"
    signed_ago("tick", LATE_AFTER + 1)
    assert present_health().state == "late"
    assert health.tick_is_late()


def test_what_waits_is_told_by_the_age_of_the_oldest(scene: Scene) -> None:
    scene.case()
    past = timezone.now() - timedelta(minutes=3)
    assert Timer.objects.filter(next_at__isnull=False).update(next_at=past)
    make_notice(next_attempt_at=past)
    figures = present_health().figures()
    assert figures["oldest_due_clock"] == pytest.approx(180, abs=30)
    assert figures["oldest_due_notice"] == pytest.approx(180, abs=30)
    assert figures["announcements"] > 0


def test_what_waits_for_a_person_asks_for_attention(scene: Scene) -> None:
    signed_ago("tick", 1)
    make_notice(state=NoticeState.DEAD, error="refused")
    now = present_health()
    assert (now.notices_dead, now.state) == (1, "attention")


def test_a_clock_held_back_is_counted_and_not_due(scene: Scene) -> None:
    scene.case()
    now = timezone.now()
    Timer.objects.filter(next_at__isnull=False).update(
        next_at=now - timedelta(minutes=3), held_until=now + timedelta(minutes=3)
    )
    held = present_health()
    assert held.clocks_held > 0
    assert held.oldest_due_clock is None


def test_status_is_for_everybody_and_says_nothing_but_numbers(client: Client, scene: Scene) -> None:
    case = scene.case()
    sign_of_life("tick", fired=0)
    answer = client.get("/status")
    assert answer.status_code == 200
    said = answer.json()
    assert said["state"] in {"ok", "attention"}
    assert case.number not in answer.content.decode()
    assert case.customer.name not in answer.content.decode()


def test_status_tells_a_broker_that_does_not_answer_within_a_second(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    now = present_health()
    assert (now.broker, now.queues) == ("away", None)


def test_status_asks_ten_questions_at_most(django_assert_max_num_queries: Any, client: Client) -> None:
    with django_assert_max_num_queries(10):
        client.get("/status")


def test_ready_writes(client: Client) -> None:
    assert client.get("/readyz").json() == {"state": "ready"}
    assert Heartbeat.objects.filter(name="web").exists()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_is_answered_whatever_name_and_scheme_it_comes_by(
    path: str, client: Client, settings: LazySettings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path, headers={"host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies


# --- The dead man's switch


def test_the_dead_man_s_switch_is_called_once_a_minute_while_clocks_are_worked_on(
    gateway: HttpGateway,
) -> None:
    signed_ago("tick", 5)
    assert [report_alive(gateway.url) for _call in range(2)] == [True, False]
    signed_ago("deadman", 61)
    assert report_alive(gateway.url)
    assert len(gateway.journal.deliveries) == 2


def test_it_is_silent_when_clocks_are_not_worked_on(gateway: HttpGateway) -> None:
    signed_ago("tick", LATE_AFTER + 5)
    assert not report_alive(gateway.url)
    assert gateway.journal.deliveries == []


def test_what_an_alarm_says_after_its_status_is_not_waited_for(gateway: HttpGateway) -> None:
    signed_ago("tick", 5)
    gateway.behave(lambda talk: talk.drip("body"))
    assert report_alive(gateway.url)


def test_an_alarm_that_does_not_answer_fails_nobody(gateway: HttpGateway) -> None:
    signed_ago("tick", 5)
    gateway.behave(lambda talk: talk.answer(500))
    assert not report_alive(gateway.url)


@pytest.mark.parametrize(
    ("age", "state"), [(timedelta(minutes=9), "ok"), (timedelta(minutes=11), "attention")]
)
def test_a_notice_that_fails_for_ten_minutes_asks_for_attention_though_it_is_not_due(
    age: timedelta, state: str
) -> None:
    signed_ago("tick", 1)
    now = timezone.now()
    make_notice(created_at=now - age, attempts=3, next_attempt_at=now + timedelta(hours=1))
    health = present_health()
    assert health.oldest_due_notice is None
    assert health.oldest_notice == health.oldest_failing_notice == pytest.approx(age.total_seconds(), abs=30)
    assert health.state == state
    assert health.figures()["lags"] == ([] if state == "ok" else ["oldest_failing_notice"])


def test_what_nobody_works_out_or_sends_asks_for_attention(scene: Scene) -> None:
    signed_ago("tick", 1)
    scene.case()
    make_notice(next_attempt_at=timezone.now() - timedelta(minutes=6))
    Announcement.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    health = present_health()
    assert set(health.lags) == {"oldest_due_notice", "oldest_announcement"}
    assert health.state == "attention"
