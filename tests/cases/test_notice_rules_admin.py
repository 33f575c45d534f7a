"""Rules and phrases in the admin: only what can be carried out is stored, and words are seen beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.choices import Audience, NoticeChannel, Role, State, Whom
from cases.models import Endpoint, NoticeRule, PhraseTemplate, Staff
from cases.notices.previewing import Preview, previews_of
from tests.cases.acting import do
from tests.factories import CustomerFactory, DepartmentFactory, StaffFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

ADD_RULE, ADD_PHRASE = "admin:cases_noticerule_add", "admin:cases_phrasetemplate_add"


@pytest.fixture
def client(scene: Scene) -> Client:
    """The administrator's."""
    return logged_in(scene.administrator)


def logged_in(staff: Staff) -> Client:
    found = Client()
    found.force_login(staff)
    return found


def refused(response: Any) -> set[str]:
    """Names of the fields that were refused."""
    return set(response.context["adminform"].form.errors)


def rule(**facts: object) -> dict[str, object]:
    usual = {"event_kind": "accept", "whom": Whom.HANDLER, "channel": NoticeChannel.INBOX, "active": "on"}
    return {**usual, **facts}


def phrase(**facts: str) -> dict[str, str]:
    words = dict.fromkeys(("subject", "body", "subject_en", "body_en"), "{number}")
    return {"situation": "accept", "audience": Audience.STAFF, **words, **facts}


def robot() -> Endpoint:
    return Endpoint.objects.create(name="群", channel=NoticeChannel.WECOM, url="https://example.com/")


def test_an_administrator_makes_a_rule_and_its_history_is_kept(client: Client, scene: Scene) -> None:
    assert client.post(reverse(ADD_RULE), rule()).status_code == 302
    made = NoticeRule.objects.get(event_kind="accept")
    assert made.history.get().history_user == scene.administrator


def test_a_rule_for_a_robot_names_it(client: Client) -> None:
    endpoint = robot()
    told = rule(whom=Whom.ENDPOINT, channel=NoticeChannel.WECOM)
    assert refused(client.post(reverse(ADD_RULE), told)) == {"endpoint"}
    wrong = told | {"endpoint": endpoint.pk, "channel": NoticeChannel.FEISHU}
    assert refused(client.post(reverse(ADD_RULE), wrong)) == {"channel"}
    assert client.post(reverse(ADD_RULE), told | {"endpoint": endpoint.pk}).status_code == 302


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"event_kind": "nonsense"}, "event_kind"),
        ({"event_kind": "escalate"}, "event_kind"),
        ({"channel": NoticeChannel.WECOM}, "channel"),
        ({"whom": Whom.CUSTOMER, "channel": NoticeChannel.INBOX}, "channel"),
        ({"whom": "everybody"}, "whom"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused(
    facts: dict[str, object], field: str, client: Client
) -> None:
    assert refused(client.post(reverse(ADD_RULE), rule(**facts))) == {field}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_change_rules_and_words(role: Role, scene: Scene) -> None:
    person = logged_in(scene.people()[role])
    before = NoticeRule.objects.count(), PhraseTemplate.objects.count()
    assert person.post(reverse(ADD_RULE), rule()).status_code == 403
    assert person.post(reverse(ADD_PHRASE), phrase()).status_code == 403
    assert (NoticeRule.objects.count(), PhraseTemplate.objects.count()) == before


def test_words_in_both_languages_are_stored(client: Client) -> None:
    response = client.post(reverse(ADD_PHRASE), phrase(body="您好 {handler}", body_en="Dear {handler}"))
    assert response.status_code == 302
    made = PhraseTemplate.objects.get(situation="accept", audience=Audience.STAFF)
    assert (made.body, made.body_en) == ("您好 {handler}", "Dear {handler}")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"body": "一\n二 {nummer}"}, "body"),
        ({"subject": "{number"}, "subject"),
        ({"body_en": "}"}, "body_en"),
        ({"subject_en": "{number.customer}"}, "subject_en"),
        ({"audience": Audience.CUSTOMER, "body": "{note} {link}"}, "body"),
        ({"body": "长" * 4001}, "body"),
        ({"situation": "nonsense"}, "situation"),
    ],
)
def test_words_with_a_mistake_are_refused_where_it_is(
    facts: dict[str, str], field: str, client: Client
) -> None:
    assert refused(client.post(reverse(ADD_PHRASE), phrase(**facts))) == {field}


def test_a_mistake_is_named_with_its_line(client: Client) -> None:
    response = client.post(reverse(ADD_PHRASE), phrase(body="一\n二 {nummer}"))
    (words,) = response.context["adminform"].form.errors["body"]
    assert "{nummer}" in words
    assert "2" in words


def test_customers_are_not_asked_without_their_link(client: Client) -> None:
    PhraseTemplate.objects.filter(situation="deliver", audience=Audience.CUSTOMER).delete()
    words = phrase(situation="deliver", audience=Audience.CUSTOMER)
    assert refused(client.post(reverse(ADD_PHRASE), words)) == {"body", "body_en"}
    linked = words | {"body": "{link}", "body_en": "{link}", "subject": "{link}"}
    assert refused(client.post(reverse(ADD_PHRASE), linked)) == {"subject"}


def test_the_form_lists_every_placeholder(client: Client) -> None:
    row = PhraseTemplate.objects.get(situation="dispatch", audience=Audience.STAFF)
    page = client.get(reverse("admin:cases_phrasetemplate_change", args=[row.pk])).content.decode()
    assert "{customer_number}" in page
    assert 'id="placeholders"' in page


def test_what_words_are_for_is_settled_once(client: Client) -> None:
    row = PhraseTemplate.objects.get(situation="dispatch", audience=Audience.STAFF)
    url = reverse("admin:cases_phrasetemplate_change", args=[row.pk])
    assert client.post(url, phrase(situation="remind", audience=Audience.ROBOT)).status_code == 302
    row.refresh_from_db()
    assert (row.situation, row.audience, row.body) == ("dispatch", Audience.STAFF, "{number}")


def test_changed_words_of_customers_are_checked_for_customers(client: Client) -> None:
    row = PhraseTemplate.objects.get(situation="dispatch", audience=Audience.CUSTOMER)
    url = reverse("admin:cases_phrasetemplate_change", args=[row.pk])
    assert refused(client.post(url, phrase(body="{note}"))) == {"body"}


# Preview


def preview(client: Client, situation: str, number: str, audience: str = Audience.STAFF) -> list[Preview]:
    row = PhraseTemplate.objects.get(situation=situation, audience=audience)
    url = reverse("admin:cases_phrasetemplate_preview", args=[row.pk])
    found: list[Preview] = client.get(url, {"number": number}).context["previews"]
    return found


def test_the_preview_shows_both_languages_for_each_reader(client: Client, scene: Scene) -> None:
    customer = CustomerFactory(name="张小明")
    case = do(scene.case(State.HANDLING, customer=customer), "remind", scene.supervisor, note="请尽快")
    shown = preview(client, "remind", case.number.lower())
    assert [p.is_own for p in shown] == [True, True, *[False] * 6]
    assert all(case.number in p.words.subject for p in shown[:2])
    assert "请尽快" in shown[0].words.body
    assert "reminds you" in shown[1].words.body
    assert shown[0].words.body != shown[1].words.body


def test_a_robot_without_personal_data_is_shown_apart(client: Client, scene: Scene) -> None:
    PhraseTemplate.objects.filter(audience=Audience.ROBOT, situation="event").update(body="{customer}")
    case = scene.case(State.HANDLING, customer=CustomerFactory(name="张小明"))
    strict, may = (p for p in preview(client, "event", case.number, Audience.ROBOT)[:2])
    assert "张小明" not in strict.words.body
    assert may.words.body == "张小明"


@pytest.mark.parametrize("state", [State.INTAKE, State.HANDLING, State.ARCHIVE])
def test_every_situation_can_be_previewed_with_any_case(state: State, scene: Scene) -> None:
    case = scene.case(state)
    for row in PhraseTemplate.objects.all():
        shown = previews_of(row, case)
        assert len(shown) == 8
        assert all(preview.words.subject and preview.words.body for preview in shown), row


def test_a_case_the_person_may_not_see_is_not_previewed(scene: Scene) -> None:
    other = scene.case(State.HANDLING)
    row = PhraseTemplate.objects.get(situation="dispatch", audience=Audience.STAFF)
    url = reverse("admin:cases_phrasetemplate_preview", args=[row.pk])
    stranger = logged_in(StaffFactory(role=Role.SUPERVISOR, department=DepartmentFactory()))
    for number in (other.number, "CS20200101001", "", "x" * 99):
        response = stranger.get(url, {"number": number})
        assert response.context["previews"] == []
        assert other.description not in response.content.decode()
    assert logged_in(scene.agent).get(url, {"number": other.number}).status_code == 403
