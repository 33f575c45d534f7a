"""A customer is told by the one way that reaches; where none does, somebody has to find another."""

from __future__ import annotations

from typing import Any

import pytest

from cases.choices import ContactKind, NoticeChannel, Situation, State, Whom
from cases.models import Endpoint, Notice, NoticeRule, Staff
from cases.notices.values import say_moment
from config.outgoing import SMTP_BACKEND
from tests.cases.acting import do, soon
from tests.cases.telling import notices_about, reachable
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

INBOX, EMAIL, SMS = NoticeChannel.INBOX, NoticeChannel.EMAIL, NoticeChannel.SMS


def test_a_customer_is_written_to_by_mail_before_text_message_and_never_by_both(scene: Scene) -> None:
    Endpoint.objects.create(name="短信网关", channel=SMS, url="https://sms.example.com/send")
    both = reachable((ContactKind.PHONE, "+8613812345678"), (ContactKind.EMAIL, "a@example.com"))
    phone = reachable((ContactKind.PHONE, "+8613812345679"))
    found = {}
    for customer in (both, phone):
        case = scene.case(State.CONFIRMATION, customer=customer)
        found[customer] = [n.channel for n in notices_about(case, "deliver") if n.customer]
    assert found == {both: [EMAIL], phone: [SMS]}


def test_without_a_gateway_no_text_message_is_owed_and_the_handler_is_told(scene: Scene) -> None:
    customer = reachable((ContactKind.PHONE, "+8613812345679"))
    case = scene.case(State.CONFIRMATION, customer=customer)
    assert [notice.channel for notice in notices_about(case, "deliver") if notice.customer] == []
    told_instead = case.notices.filter(situation=Situation.UNREACHABLE)
    assert {notice.staff for notice in told_instead} == {scene.specialist}


def channel_to(scene: Scene, customer: object) -> list[str]:
    case = scene.case(State.CONFIRMATION, customer=customer)
    return [notice.channel for notice in notices_about(case, "deliver") if notice.customer]


def test_only_a_gateway_of_the_team_or_of_all_is_one(scene: Scene) -> None:
    phone = (ContactKind.PHONE, "+8613812345679")
    other = Endpoint.objects.create(
        name="别的组", channel=SMS, url="https://sms.example.com/", team=scene.front
    )
    assert channel_to(scene, reachable(phone)) == []
    other.team = scene.back
    other.save()
    assert channel_to(scene, reachable(phone)) == [SMS]


def test_a_landline_gets_no_text_messages(scene: Scene) -> None:
    Endpoint.objects.create(name="短信网关", channel=SMS, url="https://sms.example.com/send")
    landline = (ContactKind.PHONE, "+862162345678")
    assert channel_to(scene, reachable(landline)) == []
    assert Notice.objects.filter(situation=Situation.UNREACHABLE, staff=scene.specialist).exists()
    assert channel_to(scene, reachable(landline, (ContactKind.PHONE, "+8613812345679"))) == [SMS]


@pytest.mark.parametrize(
    ("outgoing", "host", "channel"),
    [("send", "", SMS), ("send", "mail.example.com", EMAIL), ("catch", "", EMAIL)],
)
def test_without_a_mail_server_a_text_message_is_owed(
    outgoing: str, host: str, channel: str, scene: Scene, settings: Any
) -> None:
    settings.EMAIL_BACKEND = SMTP_BACKEND
    settings.OUTGOING, settings.EMAIL_HOST = outgoing, host
    Endpoint.objects.create(name="短信网关", channel=SMS, url="https://sms.example.com/send")
    both = reachable((ContactKind.PHONE, "+8613812345678"), (ContactKind.EMAIL, "a@example.com"))
    assert channel_to(scene, both) == [channel]


def test_without_any_way_out_the_handler_is_told(scene: Scene, settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP_BACKEND, ""
    assert channel_to(scene, reachable((ContactKind.EMAIL, "a@example.com"))) == []
    assert Notice.objects.filter(situation=Situation.UNREACHABLE, staff=scene.specialist).exists()


def test_a_customer_nobody_can_reach_is_a_matter_for_the_handler(scene: Scene) -> None:
    service_number = reachable((ContactKind.PHONE, "10086"), (ContactKind.WECHAT, "wx"))
    case = scene.case(State.CONFIRMATION, customer=service_number)
    do(case, "dispute", None, score=1)
    (notice,) = notices_about(case, "dispute", situation="unreachable")
    assert (notice.staff, notice.channel) == (scene.supervisor, INBOX)
    assert case.number in notice.subject


def test_who_delivers_learns_that_the_customer_will_not_hear_of_it(scene: Scene) -> None:
    case = scene.case(State.CONFIRMATION)
    (notice,) = notices_about(case, "deliver", situation="unreachable")
    assert notice.staff == case.handler == scene.specialist


def test_a_customer_has_no_inbox(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="deliver").delete()
    NoticeRule.objects.create(event_kind="deliver", whom=Whom.CUSTOMER, channel=INBOX)
    case = scene.case(State.CONFIRMATION, customer=reachable((ContactKind.EMAIL, "a@example.com")))
    assert [n.customer for n in notices_about(case, "deliver")] == []


def test_a_promise_is_told_as_it_was_made_though_it_has_been_kept_since(scene: Scene) -> None:
    """Accepted before anybody had worked out what the dispatch owed."""
    customer = reachable((ContactKind.EMAIL, "a@example.com"))
    case = scene.case(State.ANALYSIS, customer=customer)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    case = do(case, "dispatch", scene.agent, team=scene.back)
    offered = case.timers.get(kind="acceptance").due_at
    do(case, "accept", scene.specialist, promised_at=soon())

    (notice,) = notices_about(case, "dispatch", customer=customer)
    assert offered is not None
    assert say_moment(offered) in notice.body


def test_where_nobody_has_the_case_in_hand_the_customer_is_called_by_the_team(scene: Scene) -> None:
    customer = reachable((ContactKind.EMAIL, "a@example.com"))
    case = scene.case(State.CONFIRMATION, customer=customer)
    Staff.objects.filter(pk__in=[scene.supervisor.pk, scene.manager.pk]).update(is_active=False)
    case = do(case, "dispute", None, score=1)
    assert case.handler is None

    (notice,) = notices_about(case, "dispute", customer=customer)
    assert str(case.team) in notice.body
