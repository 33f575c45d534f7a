"""A customer's notice that nobody takes: the other way is tried, and at last the handler is told, once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cases.choices import Audience, ContactKind, NoticeChannel, NoticeState, Role, Situation, State
from cases.models import Case, Notice, PhraseTemplate
from cases.notices import leases
from cases.notices.replaying import replay_notice
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, fresh, later, owe, setting_of
from tests.cases.telling import be_away, notices_about, reachable
from tests.factories import StaffFactory
from tests.gateways import HttpGateway, MailGateway
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

EMAIL, SMS = NoticeChannel.EMAIL, NoticeChannel.SMS
MAIL = (ContactKind.EMAIL, "a@example.com")
PHONE = (ContactKind.PHONE, "+8613812345678")
TEXTS = {"body": {"to": "{phone}", "text": "{text}", "key": "{key}"}, "success": {"statuses": [200]}}


@pytest.fixture
def texts(gateway: HttpGateway) -> HttpGateway:
    """A gateway for text messages, awake at night."""
    setting_of(SMS, quiet_from=None, quiet_until=None)
    endpoint_at(gateway.url, SMS, options=TEXTS)
    return gateway


@pytest.fixture
def refusing(mail: MailGateway) -> MailGateway:
    """A mail server that knows nobody."""
    mail.answers["RCPT"] = "550 no such person"
    return mail


def delivered_to(scene: Scene, *contacts: tuple[ContactKind, str]) -> tuple[Case, Notice]:
    """A delivered case, and its notice to the customer; nothing else waits to be sent."""
    case = scene.case(State.CONFIRMATION, customer=reachable(*contacts))
    (notice,) = [one for one in notices_about(case, "deliver") if one.customer]
    others = Notice.objects.filter(state=NoticeState.WAITING).exclude(pk=notice.pk)
    others.update(state=NoticeState.SENT, sent_at=timezone.now(), next_attempt_at=None)
    return case, notice


def to_customer(case: Case) -> list[Notice]:
    return list(case.notices.filter(customer=case.customer, event__kind="deliver").order_by("pk"))


def words_of_loss(case: Case) -> list[Notice]:
    return list(case.notices.filter(situation=Situation.UNREACHABLE))


def test_a_refused_mail_is_followed_by_a_text_message_in_the_same_words(
    refusing: MailGateway, texts: HttpGateway, scene: Scene
) -> None:
    case, refused = delivered_to(scene, MAIL, PHONE)
    send_due("email")
    _refused, text = to_customer(case)
    assert (fresh(refused).state, text.channel, text.state) == (NoticeState.DEAD, SMS, NoticeState.WAITING)
    assert (text.subject, text.body, text.language) == (refused.subject, refused.body, refused.language)
    assert send_due("sms") == 1
    assert texts.journal.keys == [str(text.key)]
    assert words_of_loss(case) == []


def test_where_no_way_is_left_the_handler_is_told(
    refusing: MailGateway, texts: HttpGateway, scene: Scene
) -> None:
    texts.behave(lambda talk: talk.answer(400))
    case, _mail = delivered_to(scene, MAIL, PHONE)
    send_due("email")
    assert words_of_loss(case) == []
    send_due("sms")
    (word,) = words_of_loss(case)
    assert (word.staff, word.channel, word.state) == (
        scene.specialist,
        NoticeChannel.INBOX,
        NoticeState.SENT,
    )
    assert case.number in word.subject


def test_it_is_said_once_however_often_it_is_given_up(
    refusing: MailGateway, texts: HttpGateway, scene: Scene
) -> None:
    texts.behave(lambda talk: talk.answer(400))
    case, refused = delivered_to(scene, MAIL, PHONE)
    for _time in range(2):
        send_due("email")
        send_due("sms")
        replay_notice(refused.pk, actor=scene.manager)
    send_due("email")
    assert len(to_customer(case)) == 2
    assert len(words_of_loss(case)) == 1


def test_who_was_reached_the_other_way_is_not_lost(
    refusing: MailGateway, texts: HttpGateway, scene: Scene
) -> None:
    case, refused = delivered_to(scene, MAIL, PHONE)
    send_due("email")
    send_due("sms")
    replay_notice(refused.pk, actor=scene.manager)
    send_due("email")
    assert [notice.state for notice in to_customer(case)] == [NoticeState.DEAD, NoticeState.SENT]
    assert words_of_loss(case) == []


def test_a_number_that_is_refused_is_followed_by_a_mail(
    mail: MailGateway, texts: HttpGateway, scene: Scene
) -> None:
    """Where the mail server was set up, or the address entered, only afterwards."""
    case, text = delivered_to(scene, PHONE)
    case.customer.contacts.create(kind=ContactKind.EMAIL, value="a@example.com")
    texts.behave(lambda talk: talk.answer(400))
    send_due("sms")
    assert fresh(text).state == NoticeState.DEAD
    assert send_due("email") == 1


def test_the_last_attempt_is_a_loss_too(mail: MailGateway, scene: Scene, settings: Any) -> None:
    settings.NOTICE_RETRIES = [60]
    mail.answers["RCPT"] = "451 later"
    case, late = delivered_to(scene, MAIL)
    moment = timezone.now()
    for minute in (0, 2):
        with time_machine.travel(moment + timedelta(minutes=minute), tick=False):
            send_due("email")
    assert fresh(late).state == NoticeState.DEAD
    assert [word.staff for word in words_of_loss(case)] == [scene.specialist]


def test_a_notice_that_stops_every_sender_is_a_loss_too(scene: Scene, settings: Any) -> None:
    settings.NOTICE_RETRIES = []
    case, stopper = delivered_to(scene, MAIL)
    (held,) = [notice for notice in leases.claim("email") if notice.pk == stopper.pk]
    assert leases.begin(held)
    with later(120):
        leases.claim("email")
    assert fresh(stopper).error == "interrupted"
    assert [word.staff for word in words_of_loss(case)] == [scene.specialist]


def test_of_a_handler_who_is_away_the_stand_in_is_told_and_the_lead(
    refusing: MailGateway, scene: Scene
) -> None:
    case, _mail = delivered_to(scene, MAIL)
    stand_in = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])
    be_away(scene.specialist, stand_in)
    send_due("email")
    assert [word.staff for word in words_of_loss(case)] == [stand_in]
    absences = case.notices.filter(situation=Situation.ABSENCE)
    assert [word.staff for word in absences] == [scene.supervisor]


def test_what_is_lost_to_staff_is_told_to_nobody_else(refusing: MailGateway, scene: Scene) -> None:
    owe(staff=scene.specialist)
    send_due("email")
    assert Notice.objects.filter(state=NoticeState.DEAD).count() == Notice.objects.count() == 1


def test_who_lost_the_lease_owes_nothing_instead(mail: MailGateway, scene: Scene) -> None:
    case, _mail = delivered_to(scene, MAIL)
    (slow,) = [notice for notice in leases.claim("email") if notice.customer]
    with later(61):
        assert [notice.pk for notice in leases.claim("email") if notice.customer] == [slow.pk]
        assert not leases.give_up(slow, "refused")
    assert words_of_loss(case) == []


def test_every_language_has_words_for_a_loss() -> None:
    found = PhraseTemplate.objects.get(situation=Situation.UNREACHABLE, audience=Audience.STAFF)
    assert "短信" in found.body
    assert "text message" in found.body_en
