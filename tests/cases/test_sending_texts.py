"""Text messages: their gateways, numbers and links."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState, Role, Situation, State
from cases.models import Case, CustomerLink, Endpoint, Notice
from cases.notices.replaying import replay_notice
from cases.notices.sending import send_due
from cases.services.customer_links import revoke_links
from tests.cases.sending import endpoint_at, fresh, later, owe, owe_many, send_at_any_hour, setting_of, states
from tests.factories import ContactFactory, StaffFactory, TeamFactory, make_case
from tests.gateways import HttpGateway, Talk
from tests.scenes import Scene

pytestmark = pytest.mark.django_db
TEXTS = {"body": {"to": "{phone}", "text": "{text}", "key": "{key}"}, "success": {"statuses": [200]}}


@pytest.fixture(autouse=True)
def any_hour(db: None) -> None:
    send_at_any_hour()


def failing(talk: Talk) -> None:
    talk.answer(500)


def test_every_attempt_says_the_same_and_makes_one_link(gateway: HttpGateway) -> None:
    text, case = customer_text(gateway)
    gateway.behave(lambda talk: talk.answer(500))
    for attempt in range(3):
        with later(600 * attempt):
            send_due("sms")
    said = [delivery.json for delivery in gateway.journal.deliveries]
    assert len(said) == 3
    assert said[0] == said[1] == said[2]
    link = CustomerLink.objects.get()
    token = re.search(r"/c/(\w{32})/", said[0]["text"])
    assert token is not None
    assert len(base64.b32decode(token[1].upper())) * 8 == 160
    assert link.token_hash == hashlib.sha256(token[1].encode()).hexdigest()
    assert (link.notice, link.case, link.expires_at - link.created_at) == (text, case, timedelta(days=14))


def test_a_notice_sent_again_has_a_link_that_works(gateway: HttpGateway) -> None:
    """The same while it lasts; another one after it was revoked, or when little of its life is left."""
    text, case = customer_text(gateway)
    manager = StaffFactory(role=Role.MANAGER)
    gateway.behave(lambda talk: talk.answer(400))
    send_due("sms")
    replay_notice(text.pk, actor=manager)
    send_due("sms")
    assert CustomerLink.objects.count() == 1
    revoke_links(case.pk, actor=manager)
    replay_notice(text.pk, actor=manager)
    send_due("sms")
    assert CustomerLink.objects.valid(timezone.now()).count() == 1
    with later(8 * 24 * 3600):
        replay_notice(text.pk, actor=manager)
        send_due("sms")
    assert CustomerLink.objects.count() == 3
    assert len({delivery.json["text"] for delivery in gateway.journal.deliveries}) == 3


def test_links_of_two_notices_have_nothing_in_common(gateway: HttpGateway, settings: Any) -> None:
    first, case = customer_text(gateway)
    second = owe(customer=first.customer, case=case, channel=NoticeChannel.SMS, body="{link}")
    assert send_due("sms") == 2
    settings.SECRET_KEY = "another"
    owe(customer=first.customer, case=case, channel=NoticeChannel.SMS, body="{link}")
    assert send_due("sms") == 1
    assert len({delivery.json["text"] for delivery in gateway.journal.deliveries}) == 3
    assert CustomerLink.objects.filter(notice__in=(first, second)).count() == 2


def customer_text(gateway: HttpGateway) -> tuple[Notice, Case]:
    """A text message with a link, owed to a customer through this gateway."""
    endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS)
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    case = make_case()
    ContactFactory(customer=case.customer, value="+8613812345678")
    return owe(customer=case.customer, case=case, channel=NoticeChannel.SMS, body="{link}"), case


def test_a_text_message_is_sent_to_no_landline(gateway: HttpGateway) -> None:
    endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS)
    contact = ContactFactory(value="+862162345678", preferred=True)
    notice = owe(customer=contact.customer, channel=NoticeChannel.SMS)
    send_due("sms")
    assert fresh(notice).error == "no_address"
    ContactFactory(customer=contact.customer, value="+8613812345678")
    owe(customer=contact.customer, channel=NoticeChannel.SMS)
    send_due("sms")
    assert [delivery.json["to"] for delivery in gateway.journal.deliveries] == ["+8613812345678"]


def test_a_text_message_goes_through_the_gateway_of_the_team(gateway: HttpGateway) -> None:
    case = make_case()
    other = endpoint_at("https://other.example/", NoticeChannel.SMS, options=TEXTS)
    endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS, team=case.team)
    ContactFactory(customer=case.customer, value="10086")
    ContactFactory(customer=case.customer, value="+8613812345678")
    notice = owe(customer=case.customer, case=case, channel=NoticeChannel.SMS)
    staff = owe(staff=StaffFactory(mobile="+8613900000000"), case=case, channel=NoticeChannel.SMS)
    assert send_due("sms") == 2
    said = [delivery.json for delivery in gateway.journal.deliveries]
    assert [row["to"] for row in said] == ["+8613812345678", "+8613900000000"]
    assert [row["key"] for row in said] == [str(notice.key), str(staff.key)]
    assert other.pk


def test_a_broken_gateway_of_one_team_does_not_stop_those_of_the_others(
    gateway: HttpGateway, settings: Any
) -> None:
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    own, other, third = make_case(team=TeamFactory()), make_case(team=TeamFactory()), make_case()
    with HttpGateway(failing) as broken:
        settings.OUTGOING_ALLOW = [gateway.address, broken.address]
        bad = endpoint_at(broken.url, NoticeChannel.SMS, options=TEXTS, team=own.team)
        good = endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS, team=other.team)
        common = endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS)
        texts = {case: [text_to_staff(case) for _number in range(8)] for case in (own, other, third)}
        for _run in range(9):
            send_due("sms")
        assert len(broken.journal.deliveries) == 5
    assert {fresh(text).state for case in (other, third) for text in texts[case]} == {NoticeState.SENT}
    assert {fresh(text).state for text in texts[own]} == {NoticeState.WAITING}
    bad.refresh_from_db()
    assert bad.failures == 5
    assert [one.failures for one in Endpoint.objects.filter(pk__in=(good.pk, common.pk))] == [0, 0]
    assert setting_of(NoticeChannel.SMS).failures == 0


def test_each_gateway_has_a_rate_of_its_own(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.SMS, per_minute=2, quiet_from=None, quiet_until=None)
    for case in (make_case(team=TeamFactory()), make_case(team=TeamFactory())):
        endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS, team=case.team)
        for _number in range(3):
            text_to_staff(case)
    send_due("sms")
    assert states() == {"sent": 4, "waiting": 2}


def test_where_no_gateway_takes_it_the_gateways_of_others_go_on(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    with_one, without = make_case(team=TeamFactory()), make_case(team=TeamFactory())
    endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS, team=with_one.team)
    lost, sent = text_to_staff(without), text_to_staff(with_one)
    send_due("sms")
    assert fresh(lost).error == "not_set_up"
    assert fresh(sent).state == NoticeState.SENT


def text_to_staff(case: Case) -> Notice:
    return owe(staff=StaffFactory(mobile="+8613900000000"), case=case, channel=NoticeChannel.SMS)


def test_a_digest_goes_through_the_gateway_of_a_team_where_there_is_no_other(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    case = make_case()
    endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS, team=case.team)
    anna = StaffFactory(mobile="+8613812345678")
    owe_many(anna, 25, channel=NoticeChannel.SMS, case=case)
    assert send_due("sms") == 1
    digest = Notice.objects.get(situation=Situation.DIGEST)
    assert (digest.state, digest.parts.count()) == (NoticeState.SENT, 25)
    assert gateway.journal.keys == [str(digest.key)]


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", "链接已停用，请与我们联系。"), ("en", "The link has been withdrawn. Please contact us.")],
)
def test_what_was_owed_when_links_were_revoked_is_sent_without_one(
    gateway: HttpGateway, language: str, words: str
) -> None:
    """As at the end of quiet hours: the message waits, the telephone is lost, the message goes out."""
    text, case = customer_text(gateway)
    Notice.objects.filter(pk=text.pk).update(language=language)
    assert revoke_links(case.pk, actor=None) == 0
    with later(9 * 3600):
        assert send_due("sms") == 1
        assert [delivery.json["text"] for delivery in gateway.journal.deliveries] == [words]
        assert not CustomerLink.objects.exists()


def test_what_is_owed_after_links_were_revoked_has_a_link_again(gateway: HttpGateway, scene: Scene) -> None:
    """By the moment of the event, however late the notice of it is worked out."""
    case = scene.case(State.HANDLING)
    before = case.events.latest("seq")
    revoke_links(case.pk, actor=None)
    with later(60):
        case = scene.leave_handling(case)
        after = case.events.latest("seq")
        endpoint_at(gateway.url, NoticeChannel.SMS, options=TEXTS)
        ContactFactory(customer=case.customer, value="+8613812345678")
        for event in (before, after):
            owe(customer=case.customer, case=case, event=event, channel=NoticeChannel.SMS, body="{link}")
        assert send_due("sms") == 2
    assert ["/c/" in delivery.json["text"] for delivery in gateway.journal.deliveries] == [False, True]
    assert CustomerLink.objects.get(notice__event=after)


def test_an_attempt_of_the_outbox_brings_no_revoked_link_back(gateway: HttpGateway) -> None:
    _text, case = customer_text(gateway)
    gateway.behave(lambda talk: talk.answer(500))
    send_due("sms")
    revoke_links(case.pk, actor=None)
    with later(600):
        send_due("sms")
    assert ["/c/" in delivery.json["text"] for delivery in gateway.journal.deliveries] == [True, False]
    assert not CustomerLink.objects.valid(timezone.now()).exists()


@pytest.mark.parametrize("asked", ['AS "a" FROM "cases_case"', 'INSERT INTO "cases_customerlink"'])
def test_links_revoked_while_a_letter_is_written_are_in_none(gateway: HttpGateway, asked: str) -> None:
    """Right after the letter asked for the revocation, and right after it made its link."""
    _text, case = customer_text(gateway)
    revoked: list[str] = []

    def revoke_after(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if asked in sql and not revoked:
            revoked.append(sql)
            revoke_links(case.pk, actor=None)
        return answer

    with connection.execute_wrapper(revoke_after):
        assert send_due("sms") == 1
    assert revoked
    assert ["/c/" in delivery.json["text"] for delivery in gateway.journal.deliveries] == [False]
    assert not CustomerLink.objects.valid(timezone.now()).exists()
