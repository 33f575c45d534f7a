from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cases.admin.timeline import PAGE_LENGTH, Entry, build_timeline
from cases.choices import Channel, Direction, State
from cases.models import Case, CaseEvent
from cases.services import transition_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


def entry(case: Case, kind: str) -> Entry:
    with translation.override("en"):
        found = build_timeline(Case.objects.get(pk=case.pk)).entries
        return next(one for one in found if one.event.kind == kind)


def facts(case: Case, kind: str) -> dict[str, str]:
    with translation.override("en"):
        return {fact.label: fact.words for fact in entry(case, kind).facts}


def test_every_event_is_shown_once_newest_first(scene: Scene) -> None:
    case = scene.case(State.ARCHIVE)

    shown = [one.event.seq for one in build_timeline(case).entries]

    assert shown == list(range(case.version, 0, -1))


def test_people_teams_and_moments_are_named_in_words(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "reassign", actor=scene.supervisor, handler=scene.supervisor, note="升级处理")

    assert facts(case, "dispatch") == {"Main team": str(scene.back.name_en), "From team": scene.front.name_en}
    assert facts(case, "reassign") == {"Handler": scene.supervisor.name, "Before": scene.specialist.name}
    promised = facts(case, "accept")["Promised completion time"]
    assert str(timezone.localtime(timezone.now() + timedelta(hours=4)).year) in promised


def test_a_correction_shows_what_was_before(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    kept = ("type", "topic", "description", "product", "order_number", "amount", "region", "expected_at")
    unchanged = {name: getattr(case, name) for name in (*kept, "remark")}

    transition_case(
        case.pk, "amend", actor=scene.agent, **{**unchanged, "region": "east", "product": "吸尘器"}
    )

    assert facts(case, "amend") == {"Region": "empty → East China", "Product": "empty → 吸尘器"}


def test_words_stand_with_their_event_and_internal_notes_are_marked(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "add_note", actor=scene.specialist, note="注意：大客户")

    said, internal = entry(case, "contact_customer"), entry(case, "add_note")

    assert said.message is not None
    assert (said.message.direction, said.message.channel) == (Direction.OUTBOUND, Channel.PHONE)
    assert internal.is_internal
    assert internal.note == ""
    assert internal.message is not None
    assert internal.message.body == "注意：大客户"


def test_words_said_earlier_show_when_that_was(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    said_at = case.received_at + (timezone.now() - case.received_at) / 2

    transition_case(
        case.pk,
        "receive_message",
        actor=scene.agent,
        channel=Channel.PHONE,
        message="客户来电催促",
        happened_at=said_at,
    )

    assert entry(case, "receive_message").happened_at == said_at


def test_the_actor_is_a_person_the_customer_or_the_system(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "confirm", actor=None, score=5)

    assert entry(case, "accept").actor == str(scene.specialist)
    assert entry(case, "confirm").actor == "Customer"


def test_a_long_history_comes_in_pages_that_join_without_gap(client: Client, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    for number in range(PAGE_LENGTH + 5):
        transition_case(case.pk, "add_note", actor=scene.agent, note=f"备注{number}")
    client.force_login(scene.agent)
    url = reverse("admin:cases_case_change", args=[case.pk])

    newest = client.get(url).context["timeline"]
    older = client.get(url, {"before": newest.older}).context["timeline"]

    shown = [one.event.seq for one in (*newest.entries, *older.entries)]
    assert shown == list(range(PAGE_LENGTH + 7, 0, -1))
    assert (newest.is_newest, older.is_newest, older.older) == (True, False, None)


@pytest.mark.parametrize("before", ["0", "-3", "abc", "", "9" * 40, "１２", "%00"])
def test_an_unusable_page_of_the_timeline_is_the_newest(client: Client, scene: Scene, before: str) -> None:
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)

    answer = client.get(reverse("admin:cases_case_change", args=[case.pk]), {"before": before})

    assert answer.context["timeline"].is_newest


def test_an_imported_case_names_its_handler_as_written() -> None:
    call_command("seed_demo", verbosity=0)

    case = Case.objects.get(number="CS20241001001")
    imported = CaseEvent.objects.filter(case=case)

    assert imported.filter(imported=True).count() == imported.count()
    assert entry(case, "report_progress").actor == "张*"
    assert entry(case, "register").actor == "Record sheet"
    assert "As written" in facts(case, "report_progress")
