from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import LazySettings
from django.core import serializers
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState, State
from cases.models import (
    CaseView,
    Escalation,
    Heartbeat,
    Notice,
    Rearming,
    StaffSession,
    Throttle,
    Timer,
    WorkCalendar,
)
from cases.notices.letters import WITH_ENDPOINT
from cases.services import health
from cases.services.calendars import keep_calendar
from cases.services.janitor import sweep
from tests.cases.sending import endpoint_at, owe, send_at_any_hour
from tests.gateways import HttpGateway, MailGateway
from tests.scenes import Scene, make_scene

# Of every task: with which arguments it is run twice. A task that is not named here fails the test.
ARGUMENTS: dict[str, list[list[str]]] = {
    "cases.tasks.tick": [[]],
    "cases.tasks.work_out_announcements": [[]],
    "cases.tasks.send_notices": [[channel] for channel in NoticeChannel.values],
    "cases.tasks.rearm_clocks": [[]],
    "cases.tasks.janitor": [[]],
    "cases.tasks.report_alive": [[]],
}


def own_tasks() -> set[str]:
    current_app.loader.import_default_modules()
    return {name for name in current_app.tasks if name.startswith("cases.")}


@pytest.fixture(autouse=True)
def tasks_are_known() -> None:
    """Also to a process that has not begun to work yet."""
    own_tasks()


def every_row() -> dict[str, str]:
    """All tables but the signs of life, which say nothing but when."""
    models = [model for model in apps.get_models() if model is not Heartbeat]
    return {
        model._meta.label: serializers.serialize("json", model._base_manager.order_by("pk"))
        for model in models
    }


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@dataclass
class World:
    """The rows, and how often who outside was told: by mail, or at which path of the gateway."""

    mail: MailGateway
    gateway: HttpGateway

    def told(self) -> Counter[str]:
        deliveries = [*self.mail.journal.deliveries, *self.gateway.journal.deliveries]
        return Counter(delivery.path for delivery in deliveries)

    def state(self) -> dict[str, str]:
        return every_row() | {"outside": str(self.told())}


@pytest.fixture
def outside(scene: Scene, settings: LazySettings, gateway: HttpGateway, mail: MailGateway) -> World:
    """One notice is owed by each channel, and the dead man's switch is set up."""
    settings.DEADMAN_URL = f"{gateway.url}/alive"
    send_at_any_hour()
    scene.agent.mobile = "+8613812345678"
    scene.agent.save()
    options = {"body": {"to": "{phone}"}, "success": {"statuses": [200]}}
    endpoint_at(f"{gateway.url}/sms", NoticeChannel.SMS, options=options)
    for channel in NoticeChannel:
        if channel in WITH_ENDPOINT:
            owe(endpoint=endpoint_at(f"{gateway.url}/{channel}", channel))
        else:
            owe(staff=scene.agent, channel=channel)
    return World(mail, gateway)


@pytest.fixture
def world(scene: Scene, outside: World) -> World:
    """
    Cases with clocks that are due, announcements of their events, and what the janitor takes away; and one
    whose clocks have not followed a change of the calendar yet. A notice for each channel to send.
    """
    behind = scene.case(State.HANDLING)
    calendar = WorkCalendar.objects.get(is_default=True)
    calendar.windows.filter(starts__gte=time(12)).delete()
    calendar.windows.update(ends=time(9, 5))  # so that they move, whatever time it is
    keep_calendar(calendar, actor=None)
    cases = [scene.case(state) for state in (State.INTAKE, State.ANALYSIS, State.HANDLING)]
    past = timezone.now() - timedelta(days=40)
    due = Timer.objects.filter(next_at__isnull=False).exclude(case=behind)
    due.update(next_at=timezone.now() - timedelta(minutes=5), due_at=timezone.now() - timedelta(minutes=5))
    Throttle.objects.create(key="somebody", window_at=past, count=3)
    CaseView.objects.create(case=cases[0], staff=scene.agent, seen_at=past)
    StaffSession.objects.create(session_key="gone", session_data="", expire_date=past)
    return outside


def test_every_task_is_tried_here() -> None:
    assert own_tasks() == set(ARGUMENTS)


def run_all_before(name: str) -> None:
    """What a task works on is made by those before it."""
    for earlier, each in ARGUMENTS.items():
        if earlier == name:
            return
        for args in each:
            current_app.tasks[earlier](*args)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "args"), [(name, args) for name, each in ARGUMENTS.items() for args in each], ids=str
)
def test_a_task_does_its_work_once_and_nothing_when_run_again(
    name: str, args: list[str], world: World
) -> None:
    """In the rows and outside, where nobody is told twice."""
    run_all_before(name)
    task, before = current_app.tasks[name], world.state()
    task(*args)
    once = world.state()
    assert once != before
    task(*args)
    assert world.state() == once


@pytest.mark.django_db
def test_tasks_do_something_the_first_time(world: World) -> None:
    before = every_row()
    run_all_before("")
    after = every_row()
    assert before["cases.Timer"] != after["cases.Timer"]
    assert Escalation.objects.exists()
    assert not Throttle.objects.exists()
    assert Rearming.objects.latest("stamp").moved
    sent = Notice.objects.filter(state=NoticeState.SENT, owed_key__startswith="test:")
    assert sorted(sent.values_list("channel", flat=True)) == sorted(NoticeChannel.values)
    by_http = {path: times for path, times in world.told().items() if path.startswith("/hook/")}
    assert by_http == {f"/hook/{name}": 1 for name in (*WITH_ENDPOINT, NoticeChannel.SMS, "alive")}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_message_of_another_version_is_taken(name: str, scene: Scene) -> None:
    current_app.tasks[name](*ARGUMENTS[name][0], older_argument=7, case_ids=[1, 2])


@pytest.mark.django_db
def test_a_message_of_somebody_else_makes_no_row() -> None:
    before = every_row()
    assert current_app.tasks["cases.tasks.send_notices"]("pigeons") == 0
    task = current_app.tasks["cases.tasks.report_alive"]
    task.push_request(delivery_info={"routing_key": "nowhere"})
    try:
        task.before_start("1", (), {})
    finally:
        task.pop_request()
    assert every_row() == before


@pytest.mark.django_db
def test_the_janitor_takes_only_what_means_nothing_any_more(
    scene: Scene, settings: LazySettings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    case, now = scene.case(), timezone.now()
    Throttle.objects.create(key="new", window_at=now, count=1)
    CaseView.objects.create(case=case, staff=scene.agent, seen_at=now)
    StaffSession.objects.create(session_key="new", session_data="", expire_date=now + timedelta(hours=1))
    assert set(sweep().values()) == {0}
    assert Throttle.objects.count() == CaseView.objects.count() == StaffSession.objects.count() == 1


@pytest.mark.django_db
def test_uploaded_sheets_that_nobody_confirmed_are_gone_after_an_hour(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    (tmp_path / "imports").mkdir()
    old, new = tmp_path / "imports" / "old.xlsx", tmp_path / "imports" / "new.xlsx"
    for file in (old, new):
        file.touch()
    long_ago = timezone.now().timestamp() - 3601
    os.utime(old, (long_ago, long_ago))
    assert sweep()["uploads"] == 1
    assert [new] == list((tmp_path / "imports").iterdir())


@pytest.mark.django_db
def test_a_tick_leaves_a_sign_of_life() -> None:
    assert health.tick_is_late()
    current_app.tasks["cases.tasks.tick"]()
    assert not health.tick_is_late()
