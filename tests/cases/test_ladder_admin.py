"""The ladder in the admin: its order, that a change counts, whom it concerns now, how far clocks follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import ClockKind, JobState, Role
from cases.models import LadderStep, Rearming, Staff, Timer
from cases.services.rearming import rearm_some
from tests.cases.buttons import pressed
from tests.factories import make_case
from tests.scenes import Scene

LIST, ADD = "admin:cases_ladderstep_changelist", "admin:cases_ladderstep_add"
LOOK = "Show whom it concerns now"


def facts(**changes: str) -> dict[str, str]:
    return {
        "kind": "triage",
        "percent": "50",
        "whom": "team",
        "channel": "inbox",
        "action": "",
        "active": "on",
        **changes,
    }


def change_url(step: LadderStep) -> str:
    return reverse("admin:cases_ladderstep_change", args=[step.pk])


def log_in(client: Client, staff: Staff) -> None:
    Staff.objects.filter(pk=staff.pk).update(language="en")
    client.force_login(Staff.objects.get(pk=staff.pk))


def test_steps_stand_by_clock_and_ascending(client: Client, scene: Scene) -> None:
    log_in(client, scene.supervisor)
    answer: Any = client.get(reverse(LIST))

    rows = [(step.kind, step.percent) for step in answer.context_data["cl"].result_list]
    order = list(ClockKind)
    assert rows == sorted(rows, key=lambda row: (order.index(ClockKind(row[0])), row[1]))
    assert rows[0][0] == ClockKind.FIRST_RESPONSE


def test_a_new_step_is_climbed_by_running_clocks(client: Client, scene: Scene) -> None:
    case = make_case(team=scene.front)
    log_in(client, scene.administrator)

    client.post(reverse(ADD), facts())
    rearm_some()

    assert LadderStep.objects.get(kind="triage", percent=50).active
    assert case.timers.get(kind="triage").next_percent == 50
    assert Rearming.objects.latest("stamp").requested_by == scene.administrator


def test_a_step_that_is_put_out_of_use_stays_and_is_climbed_no_more(client: Client, scene: Scene) -> None:
    case = make_case(team=scene.front)
    log_in(client, scene.administrator)
    for step in LadderStep.objects.filter(kind="triage", percent=80):
        given = facts(percent="80", whom=step.whom)
        del given["active"]
        client.post(change_url(step), given)
    rearm_some()

    assert not LadderStep.objects.filter(kind="triage", percent=80, active=True).exists()
    assert case.timers.get(kind="triage").next_percent == 100


def test_a_save_that_changes_nothing_counts_for_nothing(client: Client, scene: Scene) -> None:
    step = LadderStep.objects.filter(kind="triage", percent=80).first()
    assert step
    log_in(client, scene.administrator)
    client.post(change_url(step), facts(percent="80", whom=step.whom))

    assert Rearming.objects.count() == 1


def test_a_look_says_whom_the_step_concerns_and_keeps_nothing(client: Client, scene: Scene) -> None:
    waited, _fresh = make_case(team=scene.front), make_case(team=scene.front)
    long_ago = timezone.now() - timedelta(minutes=20)
    Timer.objects.filter(case=waited, kind="triage").update(running_since=long_ago)
    log_in(client, scene.administrator)
    step = LadderStep.objects.filter(kind="triage", percent=80).first()
    assert step
    for url in (reverse(ADD), change_url(step)):
        answer: Any = client.post(url, facts() | pressed(client, url, LOOK))
        assert (answer.context_data["running"], answer.context_data["reached"]) == (2, 1)
        assert "1 of them has used so much of its time" in answer.content.decode()
    assert not LadderStep.objects.filter(percent=50).exists()
    assert Rearming.objects.count() == 1


def test_what_was_looked_at_can_be_saved_from_there(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    answer: Any = client.post(reverse(ADD), facts() | pressed(client, reverse(ADD), LOOK))

    client.post(reverse(ADD), {**dict(answer.context_data["again"]), "_save": "1"})

    assert LadderStep.objects.filter(kind="triage", percent=50, whom="team").exists()


def test_a_wrong_step_is_explained_also_when_only_looked_at(client: Client, scene: Scene) -> None:
    log_in(client, scene.administrator)
    answer: Any = client.post(reverse(ADD), facts(percent="0") | pressed(client, reverse(ADD), LOOK))

    assert answer.context_data["adminform"].form.errors.keys() == {"percent"}


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR])
def test_only_administrators_change_the_ladder(client: Client, scene: Scene, role: Role) -> None:
    step = LadderStep.objects.all()[0]
    log_in(client, scene.people()[role])
    for url in (reverse(ADD), change_url(step)):
        for button in ({}, {"cases_ladderstep_preview": ""}):
            assert client.post(url, facts() | button).status_code == 403
    assert Rearming.objects.count() == 1


def test_how_far_the_clocks_are_is_shown(client: Client, scene: Scene) -> None:
    make_case(team=scene.front)
    log_in(client, scene.administrator)
    client.post(reverse(ADD), facts())
    client.force_login(scene.manager)
    url = reverse("admin:cases_rearming_changelist")

    waiting = client.get(url).content.decode()
    rearm_some()

    assert "<progress" in waiting
    assert Rearming.objects.latest("stamp").state == JobState.DONE
    assert client.get(url).status_code == 200
    log_in(client, scene.supervisor)
    assert client.get(url).status_code == 403


@pytest.mark.parametrize(
    ("kind", "wish"),
    [("acceptance", "dispatch"), ("triage", "expire"), ("retention", "raise_tier")],
)
def test_what_could_never_be_done_then_is_refused(client: Client, scene: Scene, kind: str, wish: str) -> None:
    log_in(client, scene.administrator)

    answer: Any = client.post(reverse(ADD), facts(kind=kind, action=wish))

    assert "never possible" in str(answer.context_data["adminform"].form.errors["action"])
    assert not LadderStep.objects.filter(kind=kind, action=wish).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        LadderStep.objects.create(kind=kind, percent=50, whom="team", action=wish)


@pytest.mark.parametrize(
    ("whom", "channel"), [("endpoint", "email"), ("handler", "wecom"), ("customer", "inbox")]
)
def test_a_step_by_a_channel_that_does_not_reach_them_is_refused(
    client: Client, scene: Scene, whom: str, channel: str
) -> None:
    log_in(client, scene.administrator)
    before = LadderStep.objects.count()
    response = client.post(reverse(ADD), facts(whom=whom, channel=channel))
    assert "This channel does not reach these people." in response.content.decode()
    assert LadderStep.objects.count() == before
