"""Several cases at once: each by its own transition, each told, and none that one may not see."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from cases.choices import Language, State
from cases.models import Case, CaseEvent, Staff
from tests.cases.listing import LIST, open_list
from tests.factories import TeamFactory, make_case
from tests.scenes import Scene


def do(client: Client, staff: Staff, action: str, cases: list[Any], **answers: Any) -> Any:
    """Tick the cases and choose the action; answers are those of its form."""
    client.force_login(staff)
    ids = [case.pk if isinstance(case, Case) else case for case in cases]
    return client.post(reverse(LIST), {"action": action, "_selected_action": ids, **answers})


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_claiming_takes_each_free_case_and_names_the_refused(client: Client, scene: Scene) -> None:
    free = [scene.case(), scene.case()]
    taken = scene.case(State.HANDLING)
    Case.objects.filter(pk=taken.pk).update(team=scene.front)
    response = do(client, scene.agent, "claim", [*free, taken], index="0")
    assert response.status_code == 302
    assert {case.handler for case in Case.objects.filter(pk__in=[case.pk for case in free])} == {scene.agent}
    assert Case.objects.get(pk=taken.pk).handler == scene.specialist
    words = told(response)
    assert taken.number in words
    assert "2" in words
    assert all(case.number not in words for case in free)


def test_foreign_and_wrong_ids_are_passed_over(client: Client, scene: Scene) -> None:
    own, foreign = scene.case(), make_case(team=TeamFactory())
    do(client, scene.agent, "claim", [own, foreign, "abc", "9" * 30, "-1", "²"], index="0")
    assert Case.objects.get(pk=own.pk).handler == scene.agent
    untouched = Case.objects.get(pk=foreign.pk)
    assert untouched.handler is None
    assert untouched.version == foreign.version


def test_foreign_ids_alone_change_and_tell_nothing(client: Client, scene: Scene) -> None:
    foreign = make_case(team=TeamFactory())
    response = do(client, scene.agent, "claim", [foreign], index="0")
    assert foreign.number not in told(response)
    assert Case.objects.get(pk=foreign.pk).version == foreign.version


def test_assigning_asks_for_the_person_and_a_note_first(client: Client, scene: Scene) -> None:
    cases = [scene.case(State.HANDLING), scene.case(State.INTAKE)]
    other = scene.supporter
    other.teams.add(scene.back)
    other.department = scene.department
    other.save()
    page = do(client, scene.supervisor, "assign", cases, index="0")
    assert page.status_code == 200
    assert {"handler", "note"} <= set(page.context_data["form"].fields)
    missing = do(client, scene.supervisor, "assign", cases, nonce=uuid4(), handler=other.pk)
    assert missing.context_data["form"].errors.keys() == {"note"}
    done = do(client, scene.supervisor, "assign", cases, nonce=uuid4(), handler=other.pk, note="换人处理")
    assert done.status_code == 409
    assert Case.objects.get(pk=cases[0].pk).handler == other
    assert cases[1].number in told(done)


def test_only_colleagues_can_be_chosen(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    answer = do(
        client, scene.supervisor, "assign", [case], nonce=uuid4(), handler=scene.supporter.pk, note="换人"
    )
    assert answer.context_data["form"].errors.keys() == {"handler"}
    assert Case.objects.get(pk=case.pk).handler == scene.specialist


def test_dispatching_sends_each_to_the_chosen_team(client: Client, scene: Scene) -> None:
    cases = [scene.case(State.ANALYSIS), scene.case(State.ANALYSIS)]
    answer = do(client, scene.agent, "dispatch", cases, nonce=uuid4(), team=scene.back.pk)
    assert answer.status_code == 302
    assert {case.state for case in Case.objects.all()} == {State.HANDLING}
    assert {case.team for case in Case.objects.all()} == {scene.back}


def test_reminding_leaves_one_event_on_each(client: Client, scene: Scene) -> None:
    cases = [scene.case(State.HANDLING), scene.case(State.HANDLING)]
    do(client, scene.supervisor, "remind", cases, nonce=uuid4(), note="请尽快")
    assert CaseEvent.objects.filter(kind="remind", note="请尽快").count() == 2


def test_a_second_press_changes_nothing(client: Client, scene: Scene) -> None:
    case, nonce = scene.case(State.HANDLING), uuid4()
    for _press in range(2):
        do(client, scene.supervisor, "remind", [case], nonce=nonce, note="请尽快")
    assert CaseEvent.objects.filter(kind="remind").count() == 1


def test_a_second_press_with_other_words_is_refused_case_by_case(client: Client, scene: Scene) -> None:
    scene.supervisor.language = Language.ENGLISH
    scene.supervisor.save()
    case, nonce = scene.case(State.HANDLING), uuid4()
    do(client, scene.supervisor, "remind", [case], nonce=nonce, note="请尽快")
    said = do(client, scene.supervisor, "remind", [case], nonce=nonce, note="客户又来电")
    assert f"{case.number}: This was done before, with other words." in told(said)
    assert CaseEvent.objects.filter(kind="remind").count() == 1


def test_what_was_typed_stays_on_the_page_for_the_cases_that_were_refused(
    client: Client, scene: Scene
) -> None:
    free, refused, nonce = scene.case(State.ANALYSIS), scene.case(State.HANDLING), uuid4()
    answers = {"team": scene.back.pk, "note": "请核对物流"}

    page = do(client, scene.agent, "dispatch", [free, refused], nonce=nonce, **answers)

    assert page.status_code == 409
    assert page.context_data["cases"] == [refused]
    assert "请核对物流" in page.content.decode()
    assert f"<li>{refused.number}: " in page.content.decode()
    sent_again = page.context_data["form"]
    assert sent_again["team"].value() == str(scene.back.pk)
    assert sent_again["nonce"].value() != str(nonce)
    assert Case.objects.get(pk=free.pk).state == State.HANDLING


def test_a_role_is_offered_only_what_it_may_do(client: Client, scene: Scene) -> None:
    scene.case()
    offered = {}
    for person in (scene.agent, scene.specialist, scene.supervisor, scene.auditor):
        offered[person] = set(open_list(client, person).model_admin.get_actions(request_of(client, person)))
    assert offered[scene.agent] == {"claim", "dispatch"}
    assert offered[scene.specialist] == set()
    assert offered[scene.supervisor] == {"assign", "remind", "export"}
    assert offered[scene.auditor] == set()


def request_of(client: Client, staff: Staff) -> Any:
    client.force_login(staff)
    return client.get(reverse(LIST)).wsgi_request


def test_an_action_that_is_not_offered_does_nothing(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    for action in ("remind", "delete_selected", "nonsense", ""):
        do(client, scene.specialist, action, [case], nonce=uuid4(), note="请尽快", index="0")
    after = Case.objects.get(pk=case.pk)
    assert after.version == case.version


def test_all_rows_of_the_list_are_taken_within_its_filters(client: Client, scene: Scene) -> None:
    wanted = [scene.case(description="空气净化器"), scene.case(description="空气净化器")]
    other = scene.case()
    client.force_login(scene.agent)
    address = reverse(LIST) + "?q=净化"
    client.post(
        address, {"action": "claim", "select_across": "1", "_selected_action": wanted[0].pk, "index": 0}
    )
    assert {case.pk for case in Case.objects.filter(handler=scene.agent)} == {case.pk for case in wanted}
    assert Case.objects.get(pk=other.pk).handler is None


def test_too_many_at_once_are_refused(client: Client, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.admin.actions.MOST_AT_ONCE", 1)
    cases = [scene.case(), scene.case()]
    response = do(client, scene.agent, "claim", cases, select_across="1", index="0")
    assert "1" in told(response)
    assert not Case.objects.exclude(handler=None).exists()
