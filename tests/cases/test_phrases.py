"""What notices say: in the reader's language, with true values, and nothing their readers may not know."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.utils import timezone

from cases.choices import Audience, ClockKind, ContactKind, Language, NoticeChannel, State
from cases.models import Case, Customer, EventKind, Notice, PhraseTemplate, Staff
from cases.notices.expanding import work_out_announcements
from cases.notices.phrases import PhraseBook
from cases.notices.placeholders import mistakes_in
from cases.notices.situations import situation_choices
from cases.notices.values import page_of, say_moment
from cases.services.phrase_seed import PHRASES
from cases.services.rule_seed import RULES
from tests.cases.acting import dispatched, disputed, do
from tests.cases.telling import notices_about
from tests.cases.test_placeholders import HOSTILE
from tests.factories import ContactFactory, CustomerFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

STORABLE = [text for text in HOSTILE if "\0" not in text and "\ud800" not in text]


def writing_customer(**facts: object) -> Customer:
    customer = CustomerFactory(**facts)
    ContactFactory(customer=customer, kind=ContactKind.EMAIL, value=f"{customer.number.lower()}@example.com")
    return customer


def to_customer(case: Case, kind: str) -> Notice:
    (notice,) = notices_about(case, kind, customer=case.customer)
    return notice


# The words every installation starts with


def test_the_first_words_are_without_mistakes_and_fit_their_columns() -> None:
    known = dict(situation_choices())
    for (situation, audience), words in PHRASES.items():
        assert situation in known
        for text in words:
            assert list(mistakes_in(text, audience)) == [], (situation, text)
        assert max(len(words[0]), len(words[2])) <= 200
        assert "{link}" not in words[0] + words[2]


def test_the_first_words_say_the_same_in_both_languages() -> None:
    names = re.compile(r"\{[a-z_]+\}")
    for key, (subject, body, subject_en, body_en) in PHRASES.items():
        assert set(names.findall(subject + body)) == set(names.findall(subject_en + body_en)), key


def test_the_first_rules_and_words_are_in_the_database() -> None:
    assert PhraseTemplate.objects.count() == len(PHRASES)
    assert set(RULES) <= set(EventKind.values)
    assert {kind for kind, _label in PhraseTemplate.objects.values_list("situation", "audience")}


def test_a_situation_without_words_takes_more_general_ones() -> None:
    book = PhraseBook()
    values = {"number": "CS1", "event": "E", "clock": "C", "late": "L"}
    for situation, _label in situation_choices():
        for audience in Audience:
            for language in Language:
                assert book.words(situation, audience, language, values).subject
    PhraseTemplate.objects.all().delete()
    bare = PhraseBook()
    assert bare.words("dispatch", Audience.STAFF, Language.ENGLISH, values).subject == "CS1 E"
    assert "CS1" in bare.words("escalate.triage", Audience.CUSTOMER, Language.CHINESE, values).body


def test_without_any_template_somebody_is_told_all_the_same(scene: Scene) -> None:
    PhraseTemplate.objects.all().delete()
    case = do(scene.case(State.HANDLING), "add_note", scene.supervisor)
    assert case.number in notices_about(case, "add_note")[0].subject


# What customers read


def test_a_dispatched_case_tells_the_customer_who_calls_and_by_when(scene: Scene) -> None:
    case = dispatched(scene, customer=writing_customer(name="欧阳小明"))
    notice = to_customer(case, "dispatch")
    due = case.timers.get(kind=ClockKind.ACCEPTANCE, stopped_at=None).due_at
    assert str(scene.back) in notice.body
    assert say_moment(due) in notice.body
    assert "小明" in notice.body
    assert "欧阳" not in notice.body


def test_a_delivered_result_is_told_with_its_proof_and_the_place_for_the_link(scene: Scene) -> None:
    notice = to_customer(scene.case(State.CONFIRMATION, customer=writing_customer()), "deliver")
    assert "已补发" in notice.body
    assert "物流单号XY" in notice.body
    assert notice.body.count("{link}") == 1


def test_a_dispute_tells_the_customer_who_will_call_by_when(scene: Scene) -> None:
    case = disputed(scene, customer=writing_customer())
    notice = to_customer(case, "dispute")
    assert scene.supervisor.name in notice.body
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", notice.body)


@pytest.mark.parametrize("language", Language.values)
def test_each_reader_is_written_to_in_their_own_language(language: str, scene: Scene) -> None:
    Staff.objects.filter(pk=scene.specialist.pk).update(language=language)
    case = dispatched(scene, customer=writing_customer(language=language, name="Anna Smith"))
    staff, customer = (
        notices_about(case, "dispatch", staff=scene.specialist)[0],
        to_customer(case, "dispatch"),
    )
    for notice in (staff, customer):
        assert notice.language == language
    assert ("Dear Anna" in customer.body) == (language == "en")
    assert ("Accept it by" in staff.body) == (language == "en")
    assert (scene.back.name_en in staff.body) == (language == "en")


def test_times_are_those_of_the_default_zone(scene: Scene) -> None:
    with time_machine.travel("2026-09-16T20:30:00+00:00", tick=False), timezone.override("America/New_York"):
        assert say_moment(timezone.now()) == "2026-09-17 04:30"


def test_staff_find_the_page_of_the_case(scene: Scene) -> None:
    case = do(scene.case(State.HANDLING), "add_note", scene.supervisor)
    assert page_of(case.pk) in notices_about(case, "add_note")[0].body


def test_internal_words_do_not_reach_the_customer(scene: Scene) -> None:
    for template in PhraseTemplate.objects.filter(audience=Audience.CUSTOMER):
        template.body = template.body_en = "{note}{description}{comment}{customer_number}{page}"
        template.save()
    case = scene.case(State.ANALYSIS, customer=writing_customer(), description="内部描述")
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back, note="内部备注")
    body = to_customer(case, "dispatch").body
    assert "内部" not in body
    assert case.customer.number not in body
    assert "http" not in body


# Hostile words


@pytest.mark.parametrize("text", STORABLE)
def test_hostile_words_of_a_customer_do_no_harm_in_a_notice(text: str, scene: Scene) -> None:
    words = {"subject": "{number} {note}", "body": "{note}", "subject_en": "{note}", "body_en": "{note}"}
    PhraseTemplate.objects.update_or_create(
        situation="receive_message", audience=Audience.STAFF, defaults=words
    )
    case = do(scene.case(State.HANDLING), "receive_message", scene.agent, channel="email", message=text)
    notice = notices_about(case, "receive_message")[0]
    assert len(notice.subject.splitlines()) == 1
    assert not set(notice.body) & set("\r\x1b\u202e\u2066\u2028")
    assert "{link}" not in notice.body
    if "<script>" in text:
        assert "<script>" in notice.body  # plain text: whoever shows it escapes it


@pytest.mark.parametrize("name", ["a\r\nBcc: x@example.com", "\u202e明小", "{link}", "<b>小明</b>"])
def test_a_hostile_name_of_a_customer_does_no_harm(name: str, scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION, customer=writing_customer(name=name))
    notice = to_customer(case, "deliver")
    assert len(notice.subject.splitlines()) == 1
    assert notice.body.count("{link}") == 1
    assert "Bcc" not in notice.subject


def test_a_result_that_names_the_link_gets_none(scene: Scene) -> None:
    case = scene.case(State.HANDLING, customer=writing_customer())
    do(case, "deliver", scene.specialist, result="见 {link}", proof="{link}")
    assert to_customer(case, "deliver").body.count("{link}") == 1


def test_every_kind_of_event_can_be_said(scene: Scene) -> None:
    """Whatever happens on the way of a case, working it out never fails."""
    case = disputed(scene, customer=writing_customer())
    do(case, "submit_plan", scene.supervisor, plan="改进")
    work_out_announcements()
    assert not case.events.filter(announcement__isnull=False).exists()
    assert set(Notice.objects.values_list("channel", flat=True)) == {NoticeChannel.INBOX, NoticeChannel.EMAIL}
