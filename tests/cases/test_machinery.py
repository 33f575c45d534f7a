from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from cases.choices import Role
from cases.models import Heartbeat
from cases.services.beat_seed import OURS, ensure_beat_schedule
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

HOW_IT_RUNS = "admin:cases_heartbeat_changelist"
SCHEDULE = "admin:django_celery_beat_periodictask_changelist"


def log_in(client: Client, role: Role) -> None:
    client.force_login(StaffFactory(role=role, language="en"))


def tick_was(seconds: int) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    Heartbeat.objects.update_or_create(name="tick", defaults={"at": at, "detail": {"fired": 3}})


@pytest.mark.parametrize(
    ("role", "answer"),
    [(Role.AGENT, 403), (Role.SUPERVISOR, 403), (Role.MANAGER, 200), (Role.ADMINISTRATOR, 200)],
)
def test_how_it_runs_is_for_those_who_answer_for_it(role: Role, answer: int, client: Client) -> None:
    log_in(client, role)
    assert client.get(reverse(HOW_IT_RUNS)).status_code == answer


def test_the_page_says_in_words_that_nobody_works_on_the_clocks(client: Client) -> None:
    log_in(client, Role.ADMINISTRATOR)
    tick_was(500)
    page = client.get(reverse(HOW_IT_RUNS)).content.decode()
    assert "Nobody works on the clocks" in page
    assert "500 seconds" in page
    tick_was(5)
    page = client.get(reverse(HOW_IT_RUNS)).content.decode()
    assert "Clocks are being worked on" in page
    assert "fired 3" in page


def test_an_administrator_is_told_on_the_desk(client: Client) -> None:
    log_in(client, Role.ADMINISTRATOR)
    tick_was(61)
    assert "Nobody has worked on the clocks for 6" in client.get("/admin/").content.decode()
    tick_was(3)
    assert "Clocks were last worked on" in client.get("/admin/").content.decode()


def test_an_agent_is_spared_it(client: Client) -> None:
    log_in(client, Role.AGENT)
    assert "worked on the clocks" not in client.get("/admin/").content.decode()


def test_an_administrator_changes_how_often_and_beat_is_told(client: Client) -> None:
    log_in(client, Role.ADMINISTRATOR)
    row, before = PeriodicTask.objects.get(name="janitor"), PeriodicTasks.last_change()
    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    page = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    assert client.get(page).status_code == 200
    answer = client.post(page, {"enabled": "on", "interval": hourly.pk, "task": "os.system", "args": "[1]"})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.interval, row.task, row.args) == (hourly, "cases.tasks.janitor", "[]")
    assert PeriodicTasks.last_change() != before


def test_a_row_says_always_how_often(client: Client) -> None:
    log_in(client, Role.ADMINISTRATOR)
    row = PeriodicTask.objects.get(name="tick")
    page = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    assert client.post(page, {"enabled": "on", "interval": ""}).status_code == 200
    row.refresh_from_db()
    assert row.interval


def test_nobody_adds_or_takes_away_what_is_run(client: Client) -> None:
    client.force_login(StaffFactory(is_superuser=True))
    row = PeriodicTask.objects.get(name="tick")
    assert client.post(reverse("admin:django_celery_beat_periodictask_add"), {}).status_code == 403
    delete = reverse("admin:django_celery_beat_periodictask_delete", args=[row.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    client.post(reverse(SCHEDULE), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == OURS


def test_schedules_that_the_ticker_does_not_know_have_no_page() -> None:
    assert CrontabSchedule not in admin.site._registry


def test_seeding_again_leaves_what_was_edited() -> None:
    hourly = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.filter(name="janitor").update(interval=hourly, enabled=False)
    PeriodicTask.objects.filter(name="tick").delete()
    ensure_beat_schedule(apps)
    edited = PeriodicTask.objects.get(name="janitor")
    assert (edited.interval, edited.enabled) == (hourly, False)
    assert PeriodicTask.objects.filter(name="tick", expire_seconds=9, interval__every=10).exists()
