"""More than twenty notices for one person are one mail, so that an outage ends without a storm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState, Situation
from cases.models import Notice, Staff
from cases.notices import leases
from cases.notices.digests import MOST_LINES, digest_text
from cases.notices.sending import send_due
from tests.cases.sending import owe, owe_many, setting_of, states
from tests.factories import ContactFactory, StaffFactory, make_case
from tests.gateways import MailGateway

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Staff:
    return StaffFactory(email="anna@example.com", language="en")


def lines_of(mail: MailGateway) -> list[str]:
    """The list in the first mail, whatever the template says around it."""
    return [line for line in mail.journal.deliveries[0].text.splitlines() if line[:1].isdigit()]


def test_twenty_are_sent_one_by_one_and_twenty_one_as_one(mail: MailGateway, anna: Staff) -> None:
    owe_many(StaffFactory(), 20)
    owe_many(anna, 21)
    assert send_due("email") == 21
    assert states() == {"sent": 21, "digested": 21}
    (digest,) = Notice.objects.filter(situation=Situation.DIGEST)
    assert digest.parts.count() == 21
    assert "21" in digest.subject


def test_a_digest_names_place_case_and_subject_of_each(mail: MailGateway, anna: Staff) -> None:
    case = make_case()
    owe(staff=anna, case=case, subject="待受理")
    owe(staff=anna, case=case, subject=f"{case.number} 待受理")
    owe_many(anna, 19)
    send_due("email")
    lines = lines_of(mail)
    assert lines[:3] == [f"1. {case.number} 待受理", f"2. {case.number} 待受理", "3. 通知0"]
    assert len(lines) == 21


def test_a_very_long_digest_says_how_many_more_there_are() -> None:
    parts = [Notice(subject=f"通知{number}") for number in range(MOST_LINES + 5)]
    lines = digest_text(parts).splitlines()
    assert len(lines) == MOST_LINES + 1
    assert "5" in lines[-1]


def test_customers_mail_and_the_inbox_are_never_put_together(mail: MailGateway, anna: Staff) -> None:
    customer = ContactFactory(kind="email", value="c@example.com").customer
    for _number in range(25):
        owe(customer=customer)
        owe(staff=anna, channel=NoticeChannel.INBOX)
    send_due("email")
    send_due("inbox")
    assert states() == {"sent": 50}


def test_urgent_ones_are_put_together_only_among_themselves(mail: MailGateway, anna: Staff) -> None:
    owe_many(anna, 15)
    owe_many(anna, 15, urgent=True)
    send_due("email")
    assert states() == {"sent": 30}
    owe_many(anna, 21, urgent=True)
    send_due("email")
    assert Notice.objects.get(situation=Situation.DIGEST).urgent


def test_what_is_being_sent_is_no_part_of_a_digest(anna: Staff) -> None:
    owe_many(anna, 20)
    held = leases.claim("email")
    assert len(held) == 20
    owe_many(anna, 5)
    leases.claim("email")
    assert Notice.objects.filter(situation=Situation.DIGEST).count() == 0


def test_after_an_outage_each_person_gets_one_mail(mail: MailGateway, anna: Staff, settings: Any) -> None:
    """Each failed attempt meanwhile made a digest, which the next one took in."""
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    moment = timezone.now()
    for hour in range(4):
        with time_machine.travel(moment + timedelta(hours=hour), tick=False):
            owe_many(anna, 25)
            send_due("email")
    settings.EMAIL_PORT = port
    with time_machine.travel(moment + timedelta(hours=9), tick=False):
        assert send_due("email") == 1
    (digest,) = Notice.objects.filter(situation=Situation.DIGEST, state=NoticeState.SENT)
    parts = digest.parts.exclude(situation=Situation.DIGEST)
    assert parts.count() == 100
    assert len(lines_of(mail)) == 100
    assert Notice.objects.filter(state=NoticeState.WAITING).count() == 0


def test_a_digest_waits_for_the_end_of_the_quiet_hours(mail: MailGateway, anna: Staff) -> None:
    setting_of(quiet_from="22:00", quiet_until="08:00", time_zone="Asia/Shanghai")
    night = datetime.fromisoformat("2024-10-01T23:30:00+08:00")
    with time_machine.travel(night, tick=False):
        owe_many(anna, 25)
        assert send_due("email") == 0
    with time_machine.travel(night + timedelta(hours=9), tick=False):
        assert send_due("email") == 1
