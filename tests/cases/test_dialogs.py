from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.choices import Channel, State
from cases.lifecycle import MOVES
from cases.models import Case, CaseEvent, RoutingRule, Staff
from cases.services import offers, transition_case
from tests.cases.dialogs import dialog_url, sensible_answers, sent_by_browser, shown_form
from tests.factories import make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@dataclass
class Reached:
    """Where a transition can be made, by whom, with which answers beside the sensible ones."""

    case: Case
    staff: Staff
    answers: dict[str, Any]


def plain(state: State, person: str, **answers: Any) -> Any:
    return lambda scene: Reached(scene.case(state), getattr(scene, person), answers)


def unaccepted(scene: Scene) -> Reached:
    case = scene.case(State.ANALYSIS)
    transition_case(case.pk, "dispatch", actor=scene.agent, team=scene.back)
    return Reached(case, scene.specialist, {})


def supported(person: str) -> Any:
    def reach(scene: Scene) -> Reached:
        reached = unaccepted(scene)
        transition_case(reached.case.pk, "accept", actor=scene.specialist, promised_at=ahead(reached.case))
        transition_case(
            reached.case.pk,
            "ask_support",
            actor=scene.specialist,
            team=scene.support,
            request="请核对物流轨迹",
            due_at=ahead(reached.case),
        )
        return Reached(reached.case, getattr(scene, person), {})

    return reach


def ahead(case: Case) -> Any:
    return case.received_at.replace(year=case.received_at.year + 1)


def waiting(scene: Scene) -> Reached:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "wait_for", actor=scene.specialist, waiting_for="customer", note="等客户照片")
    return Reached(case, scene.specialist, {})


def disputed(scene: Scene) -> Reached:
    case = scene.case(State.CONFIRMATION)
    transition_case(case.pk, "dispute", actor=None, score=1)
    return Reached(case, scene.supervisor, {})


def answered(scene: Scene) -> Reached:
    case = scene.case(State.ANALYSIS)
    transition_case(
        case.pk, "contact_customer", actor=scene.agent, channel=Channel.PHONE, message="您好，正在为您查询"
    )
    return Reached(case, scene.agent, {})


def duplicated(scene: Scene) -> Reached:
    return Reached(scene.case(), scene.agent, {"other": scene.case().number})


def own_duplicate(scene: Scene) -> Reached:
    reached = duplicated(scene)
    transition_case(reached.case.pk, "begin_analysis", actor=scene.agent)
    return reached


def held(scene: Scene) -> Reached:
    case = scene.case(State.ARCHIVE)
    transition_case(case.pk, "hold_legally", actor=scene.manager, note="法务要求")
    return Reached(case, scene.manager, {})


REACH: dict[str, Any] = {
    "begin_analysis": plain(State.INTAKE, "agent"),
    "contact_customer": plain(State.ANALYSIS, "agent"),
    "receive_message": plain(State.ANALYSIS, "agent"),
    "confirm_details": plain(State.ANALYSIS, "agent"),
    "set_urgency": plain(State.ANALYSIS, "agent", urgency="urgent"),
    "answer_directly": answered,
    "dispatch": plain(State.ANALYSIS, "agent"),
    "accept": unaccepted,
    "send_back": unaccepted,
    "reassign": plain(State.HANDLING, "supervisor"),
    "report_progress": plain(State.HANDLING, "specialist"),
    "ask_support": plain(State.HANDLING, "specialist"),
    "finish_support": supported("supporter"),
    "waive_support": supported("supervisor"),
    "wait_for": plain(State.HANDLING, "specialist"),
    "resume": waiting,
    "submit_plan": disputed,
    "deliver": plain(State.HANDLING, "specialist"),
    "confirm": plain(State.CONFIRMATION, "specialist", score="5"),
    "dispute": plain(State.CONFIRMATION, "specialist", score="1"),
    "withdraw": plain(State.ANALYSIS, "agent"),
    "decline": plain(State.HANDLING, "supervisor"),
    "mark_duplicate": own_duplicate,
    "reopen": plain(State.ARCHIVE, "supervisor"),
    "amend": plain(State.ANALYSIS, "agent", description="更正后的描述", topic=""),
    "add_note": plain(State.HANDLING, "specialist"),
    "remind": plain(State.HANDLING, "supervisor"),
    "hold_legally": plain(State.ARCHIVE, "manager"),
    "release_hold": held,
}


def send(client: Client, reached: Reached, name: str, **more: Any) -> Any:
    form = shown_form(client, reached.case, name)
    answers = sensible_answers(form) | reached.answers
    if name == "reassign":
        answers["team"] = ""
    return client.post(dialog_url(reached.case, name), sent_by_browser(form, **answers, **more))


def test_every_transition_a_person_may_make_is_walked_here() -> None:
    assert REACH.keys() == {name for name, row in MOVES.items() if row.roles}


@pytest.mark.parametrize("name", REACH)
def test_each_dialog_opens_and_makes_its_transition(client: Client, scene: Scene, name: str) -> None:
    reached = REACH[name](scene)
    client.force_login(reached.staff)

    answer = send(client, reached, name)

    assert answer.status_code == 302, answer.context["form"].errors
    last = reached.case.events.order_by("seq").last()
    assert last is not None
    assert (last.kind, last.actor) == (name, reached.staff)


@pytest.mark.parametrize("name", REACH)
def test_the_same_form_sent_twice_makes_one_event(client: Client, scene: Scene, name: str) -> None:
    reached = REACH[name](scene)
    client.force_login(reached.staff)
    form = shown_form(client, reached.case, name)
    answers = sensible_answers(form) | reached.answers | ({"team": ""} if name == "reassign" else {})
    sent = sent_by_browser(form, **answers)

    first = client.post(dialog_url(reached.case, name), sent)
    events = CaseEvent.objects.count()
    second = client.post(dialog_url(reached.case, name), sent)

    assert (first.status_code, second.status_code) == (302, 302)
    assert CaseEvent.objects.count() == events


def test_the_same_form_with_other_words_is_no_second_click(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.specialist)
    form = shown_form(client, case, "add_note")
    sent = sent_by_browser(form, **sensible_answers(form))
    client.post(dialog_url(case, "add_note"), sent | {"note": "甲"})

    refused = client.post(dialog_url(case, "add_note"), sent | {"note": "乙"})

    assert refused.status_code == 409
    assert [event.note for event in refused.context["stale"].events] == ["甲"]
    again = refused.context["form"]
    assert again["note"].value() == "乙"

    done = client.post(dialog_url(case, "add_note"), sent_by_browser(again))

    assert done.status_code == 302
    notes = case.events.filter(kind="add_note").order_by("seq")
    assert list(notes.values_list("note", flat=True)) == ["甲", "乙"]


@pytest.mark.parametrize("person", ["agent", "specialist", "supervisor", "manager"])
@pytest.mark.parametrize("state", list(State))
def test_whatever_the_page_offers_opens(client: Client, scene: Scene, person: str, state: State) -> None:
    case, staff = scene.case(state), getattr(scene, person)
    if not Case.objects.visible_to(staff).filter(pk=case.pk).exists():
        pytest.skip("the case is not this person's to see")
    client.force_login(staff)

    for offer in offers(case, staff):
        page = client.get(dialog_url(case, offer.name))
        assert page.status_code == 200
        assert ('type="submit" class="bh-button bh-button-primary"' in page.content.decode()) == (
            offer.reason is None
        )


def test_a_demanded_note_is_asked_for_beside_its_field(client: Client, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)
    form = shown_form(client, case, "withdraw")

    answer = client.post(dialog_url(case, "withdraw"), sent_by_browser(form))

    assert answer.status_code == 422
    assert "note" in answer.context["form"].errors
    case.refresh_from_db()
    assert (case.state, case.version) == (State.ANALYSIS, 2)


def test_what_the_service_refuses_stands_beside_its_field_and_the_rest_is_kept(
    client: Client, scene: Scene
) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.specialist)
    form = shown_form(client, case, "report_progress")
    version = case.events.count()

    answer = client.post(
        dialog_url(case, "report_progress"),
        sent_by_browser(form, note="物流已核实", send="on", channel=""),
    )

    assert answer.status_code == 422
    assert "channel" in answer.context["form"].errors
    assert "物流已核实" in answer.content.decode()
    assert case.events.count() == version


def test_a_stale_page_saves_nothing_says_who_did_what_and_keeps_what_was_typed(
    client: Client, scene: Scene
) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.specialist)
    form = shown_form(client, case, "report_progress")
    transition_case(case.pk, "remind", actor=scene.supervisor, note="客户很着急")
    sent = sent_by_browser(form, note="我打的字")

    refused = client.post(dialog_url(case, "report_progress"), sent)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert all(words in page for words in ("客户很着急", "我打的字", str(scene.supervisor)))
    assert not case.events.filter(kind="report_progress").exists()

    again = client.post(
        dialog_url(case, "report_progress"), sent_by_browser(refused.context["form"], note="我打的字")
    )
    assert again.status_code == 302
    assert case.events.filter(kind="report_progress", note="我打的字").count() == 1


def test_a_correction_does_not_undo_what_somebody_else_corrected_meanwhile(
    client: Client, scene: Scene
) -> None:
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)
    form = shown_form(client, case, "amend")
    facts = {name: getattr(case, name) for name in ("type", "topic", "product", "order_number", "amount")}
    facts |= {name: getattr(case, name) for name in ("region", "expected_at", "remark")}
    transition_case(case.pk, "amend", actor=scene.agent, **facts, description="别人更正的描述")

    refused = client.post(dialog_url(case, "amend"), sent_by_browser(form, product="扫地机"))
    renewed = refused.context["form"]
    client.post(dialog_url(case, "amend"), sent_by_browser(renewed))

    case.refresh_from_db()
    assert refused.status_code == 409
    assert (case.description, case.product) == ("别人更正的描述", "扫地机")


def test_a_case_that_leaves_ones_sight_leads_to_the_list(client: Client, scene: Scene) -> None:
    case = make_case(team=scene.support)
    scene.agent.teams.add(scene.support)
    transition_case(case.pk, "begin_analysis", actor=Staff.objects.get(pk=scene.agent.pk))
    scene.agent.teams.remove(scene.support)
    client.force_login(scene.agent)
    sent = sent_by_browser(shown_form(client, case, "dispatch"), team=scene.back.pk)

    answers = [client.post(dialog_url(case, "dispatch"), sent) for _click in range(2)]

    assert [answer.get("Location") for answer in answers] == [reverse("admin:cases_case_changelist")] * 2
    assert case.events.filter(kind="dispatch").count() == 1
    assert client.get(dialog_url(case, "dispatch")).status_code == 404


def test_dispatch_proposes_the_team_of_the_routing_rules(client: Client, scene: Scene) -> None:
    RoutingRule.objects.create(stage="dispatch", team=scene.support)
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)

    assert shown_form(client, case, "dispatch")["team"].value() == scene.support.pk


def test_only_people_who_could_carry_the_case_on_are_offered_as_handlers(
    client: Client, scene: Scene
) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.supervisor)

    choice: Any = shown_form(client, case, "reassign").fields["handler"]
    offered = list(choice.queryset)

    assert offered[-1] == scene.supporter
    assert set(offered) == {scene.supervisor, scene.supporter}


def test_the_script_gets_a_fragment_and_is_told_where_to_go(client: Client, scene: Scene) -> None:
    case = scene.case()
    client.force_login(scene.agent)
    url = dialog_url(case, "begin_analysis")

    shown = client.get(url, headers={"X-Dialog": "1"})
    done = client.post(url, sent_by_browser(shown.context["form"]), headers={"X-Dialog": "1"})

    assert shown["X-Dialog"] == "form"
    assert "<html" not in shown.content.decode()
    assert (done.status_code, done["X-Location"]) == (204, reverse("admin:cases_case_change", args=[case.pk]))


@pytest.mark.parametrize("name", ["expire", "save", "delete", "no_such"])
def test_only_transitions_people_make_have_an_address(client: Client, scene: Scene, name: str) -> None:
    case = scene.case(State.CONFIRMATION)
    client.force_login(scene.manager)

    assert client.get(dialog_url(case, name)).status_code == 404
    assert client.post(dialog_url(case, name)).status_code == 404


def test_a_transition_without_the_right_is_refused_in_words(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    client.force_login(scene.auditor)

    shown = client.get(dialog_url(case, "deliver"))
    sent = sent_by_browser(shown.context["form"], result="r", proof="p")
    refused = client.post(dialog_url(case, "deliver"), sent)

    assert str(shown.context["refusal"]) in shown.content.decode()
    assert refused.status_code == 422
    assert case.events.count() == Case.objects.get(pk=case.pk).version


@pytest.mark.parametrize("nonce", ["", "x", "\0", "g" * 32])
def test_a_form_without_its_nonce_is_refused(client: Client, scene: Scene, nonce: str) -> None:
    case = scene.case()
    client.force_login(scene.agent)
    form = shown_form(client, case, "begin_analysis")

    assert (
        client.post(dialog_url(case, "begin_analysis"), sent_by_browser(form, nonce=nonce)).status_code == 422
    )


def test_contacts_are_shown_in_full_only_for_a_recorded_reason(client: Client, scene: Scene) -> None:
    case = scene.case()
    case.customer.contacts.create(kind="phone", value="+8613812345678")
    client.force_login(scene.agent)
    url = reverse("admin:cases_case_contacts", args=[case.pk])

    answers = [client.get(url), client.post(url), client.post(url, {"reason": "回访客户"})]

    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert ["+8613812345678" in answer.content.decode() for answer in answers] == [False, False, True]
    assert case.customer.contact_accesses.get().staff == scene.agent


def test_contacts_of_a_foreign_case_or_without_the_right_stay_masked(client: Client, scene: Scene) -> None:
    case = scene.case()
    url = reverse("admin:cases_case_contacts", args=[case.pk])

    for staff, status in ((scene.supporter, 404), (scene.auditor, 403)):
        client.force_login(staff)
        assert client.post(url, {"reason": "回访客户"}).status_code == status
    assert not case.customer.contact_accesses.exists()
