"""Service levels in the admin: their order, writing a version after a look at it, what would be promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from cases.choices import ClockKind, Role, VipLevel
from cases.models import Rearming, ServiceLevel, ServiceLevelVersion, Staff, WorkCalendar
from cases.services.levels import CONTENT, publish_version
from tests.factories import TeamFactory, make_case
from tests.scenes import Scene

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)  # in Shanghai, of a working day
HOUR = timedelta(hours=1)
LIST = "admin:cases_servicelevel_changelist"
ASKED = {"urgency": "urgent", "type": "complaint", "channel": "phone", "team": "", "vip_level": "0"}


def standard() -> ServiceLevel:
    return ServiceLevel.objects.get(name="标准服务")


def log_in(client: Client, staff: Staff) -> None:
    Staff.objects.filter(pk=staff.pk).update(language="en")
    client.force_login(Staff.objects.get(pk=staff.pk))


def version_url(level: ServiceLevel) -> str:
    return reverse("admin:cases_servicelevel_new_version", args=[level.pk])


def asked(client: Client, level: ServiceLevel, **changes: str) -> dict[str, str]:
    """What the form shows, as a browser would send it back, with these changes."""
    page: Any = client.get(version_url(level))
    form = page.context_data["form"]
    shown = {name: form[name].value() for name in CONTENT}
    words = {name: form.fields[name].prepare_value(value) for name, value in shown.items()}
    given = {
        name: "on" if value is True else str(value) for name, value in words.items() if not is_empty(value)
    }
    return {**given, **changes}


def is_empty(value: Any) -> bool:
    return value is None or value is False or value == ""


def send(client: Client, level: ServiceLevel, button: str, **changes: str) -> Any:
    return client.post(version_url(level), {**asked(client, level, **changes), button: "1"})


def test_levels_stand_in_the_order_in_which_they_are_tried(client: Client, scene: Scene) -> None:
    last = ServiceLevel.objects.create(name="还没有版本")
    first = ServiceLevel.objects.create(name="贵宾")
    publish_version(first, actor=None, position=10, vip_from=VipLevel.GOLD)
    log_in(client, scene.administrator)

    page: Any = client.get(reverse(LIST))

    assert list(page.context_data["cl"].result_list) == [first, standard(), last]
    assert "Gold VIP" in page.content.decode()


def test_the_form_shows_what_the_newest_version_says(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    page = client.get(version_url(standard())).content.decode()

    for words in ("2 h", "30 min", "3 d", "1098 d"):
        assert f'value="{words}"' in page


def test_a_preview_shows_what_moves_and_keeps_nothing(client: Client, scene: Scene) -> None:
    with time_machine.travel(NINE, tick=False):
        case = make_case(team=scene.front, urgency="urgent")
        log_in(client, scene.administrator)
        answer = send(client, standard(), "preview", response_urgent="1 h", applies_to_open="on")

    [example] = answer.context_data["examples"]
    assert (example.case, example.clock) == (case, str(ClockKind.FIRST_RESPONSE.label))
    assert example.was - example.becomes == HOUR
    assert standard().versions.count() == 1
    assert Rearming.objects.count() == 1
    assert reverse("admin:cases_case_change", args=[case.pk]) in answer.content.decode()


def test_publishing_makes_a_version_with_its_author(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)

    answer = send(client, standard(), "publish", response_urgent="1 h 30 min", team=str(scene.front.pk))

    newest = standard().versions.get(number=2)
    assert answer.status_code == 302
    assert (newest.response_urgent, newest.team) == (1.5 * HOUR, scene.front)
    assert (newest.triage, newest.created_by) == (HOUR / 2, scene.administrator)
    page = client.get(answer["Location"]).content.decode()
    assert "First response, urgent: 2 h" in page
    assert "1 h 30 min" in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"triage": "soon"}, "triage"),
        ({"triage": ""}, "triage"),
        ({"confirmation_expiry": "1 h"}, "confirmation_expiry"),
        ({"retention": "30 d"}, "retention"),
        ({"position": "-1"}, "position"),
        ({"response_urgent": "36600 d"}, "calendar"),
        ({}, "__all__"),
    ],
)
def test_what_is_wrong_is_said_beside_it(
    client: Client, scene: Scene, changes: dict[str, str], field: str
) -> None:
    log_in(client, scene.administrator)
    for button in ("preview", "publish"):
        answer = send(client, standard(), button, **changes)
        assert field in answer.context_data["form"].errors
    assert standard().versions.count() == 1


def test_a_new_level_leads_to_its_first_version(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    added = client.post(reverse("admin:cases_servicelevel_add"), {"name": "投诉", "active": "on"})

    level = ServiceLevel.objects.get(name="投诉")
    assert added["Location"] == version_url(level)
    given = {name: str(value) for name, value in asked(client, standard()).items()}
    client.post(version_url(level), {**given, "type": "complaint", "position": "5", "publish": "1"})
    assert level.versions.get().type == "complaint"


def test_a_level_out_of_use_is_no_longer_tried(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    url = reverse("admin:cases_servicelevel_change", args=[standard().pk])
    client.post(url, {"name": "标准服务", "name_en": "Standard"})

    assert not standard().active
    assert make_case(team=scene.front).service_level is None


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR])
def test_readers_look_and_cannot_write(client: Client, scene: Scene, role: Role) -> None:
    log_in(client, scene.people()[role])
    url = reverse("admin:cases_servicelevel_change", args=[standard().pk])

    assert client.get(url).status_code == client.get(reverse(LIST)).status_code == 200
    assert client.get(version_url(standard())).status_code == 403
    assert client.post(version_url(standard()), {"publish": "1"}).status_code == 403
    assert client.post(url, {"name": "x"}).status_code == 403
    assert ServiceLevelVersion.objects.count() == 1


def test_agents_see_nothing_of_it(client: Client, scene: Scene) -> None:
    log_in(client, scene.agent)
    for url in (reverse(LIST), reverse("admin:cases_servicelevel_promised"), version_url(standard())):
        assert client.get(url).status_code == 403


def test_what_would_be_promised_names_the_levels_passed_over(client: Client, scene: Scene) -> None:
    gold = ServiceLevel.objects.create(name="贵宾", name_en="Gold")
    publish_version(gold, actor=None, position=10, vip_from=VipLevel.GOLD, type="suggestion")
    unused = ServiceLevel.objects.create(name="停用", name_en="Unused")
    publish_version(unused, actor=None, position=20, in_use=False)
    log_in(client, scene.supervisor)

    answer: Any = client.get(reverse("admin:cases_servicelevel_promised"), ASKED)

    context = answer.context_data
    assert context["prospect"].version.level == standard()
    assert [(tried.version.level, tried.unmet) for tried in context["passed"]] == [
        (gold, ["Type: Suggestion", "VIP level from: Gold VIP"]),
        (unused, ["not in use"]),
    ]
    assert ("Triage", "30 min") in context["durations"]


def test_where_no_level_fits_it_is_said(client: Client, scene: Scene) -> None:
    publish_version(standard(), actor=None, team=TeamFactory())
    log_in(client, scene.supervisor)

    answer: Any = client.get(reverse("admin:cases_servicelevel_promised"), ASKED)

    assert answer.context_data["prospect"] is None
    assert [tried.version.level for tried in answer.context_data["passed"]] == [standard()]


def test_another_calendar_of_a_team_moves_its_clocks(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    url = reverse("admin:cases_team_change", args=[scene.front.pk])
    facts = {"name": scene.front.name, "department": scene.department.pk, "tier": "1", "active": "on"}
    calendar = WorkCalendar.objects.get(is_default=True)

    client.post(url, {**facts, "lead": scene.agent.pk, "calendar": ""})
    assert Rearming.objects.count() == 1
    client.post(url, {**facts, "lead": scene.agent.pk, "calendar": calendar.pk})

    scene.front.refresh_from_db()
    assert (scene.front.lead, scene.front.calendar) == (scene.agent, calendar)
    assert Rearming.objects.latest("stamp").requested_by == scene.administrator
