"""More than twenty notices for one person are one mail, so that an outage ends without a storm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState, Role, Situation, State, Whom
from cases.models import Notice, NoticeRule, PhraseTemplate, Staff
from cases.notices import digests, leases
from cases.notices.crowds import gather_crowds
from cases.notices.digests import MOST_LINES
from cases.notices.expanding import work_out_announcements
from cases.notices.replaying import replay_notice
from cases.notices.sending import send_due
from tests.cases.acting import do
from tests.cases.sending import endpoint_at, fresh, owe, owe_many, setting_of, states
from tests.cases.telling import forget_notices
from tests.factories import ContactFactory, StaffFactory, make_case
from tests.gateways import HttpGateway, MailGateway
from tests.scenes import Scene

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


def test_what_does_not_fit_into_the_mail_is_in_the_inbox(mail: MailGateway, anna: Staff) -> None:
    """However long the subjects are: one mail, which says where the others are, and nothing is left out."""
    notices = [
        owe(staff=anna, subject=f"通知{number}".ljust(200, "长"), body="全文") for number in range(250)
    ]
    assert send_due("email") == 1
    digest = Notice.objects.get(situation=Situation.DIGEST)
    assert (digest.parts.count(), digest.state) == (250, NoticeState.SENT)
    listed = [line.partition(". ")[2] for line in lines_of(mail)]
    assert listed == [notice.subject for notice in notices[:MOST_LINES]]
    there = Notice.objects.in_inbox_of(anna)
    assert set(there.values_list("subject", "body")) == {
        (one.subject, "全文") for one in notices[MOST_LINES:]
    }
    assert "and 150 more in your inbox: " in mail.journal.deliveries[0].text


def test_a_digest_that_waits_for_its_turn_is_taken_into_the_next(anna: Staff) -> None:
    for new, whole in ((250, 250), (25, 275)):
        owe_many(anna, new)
        assert gather_crowds("email") >= new
        assert gather_crowds("email") == 0
        (digest,) = Notice.objects.filter(state=NoticeState.WAITING)
        assert digest.parts.exclude(situation=Situation.DIGEST).count() == whole
        assert Notice.objects.in_inbox_of(anna).count() == whole - MOST_LINES


def test_what_comes_within_five_minutes_of_a_digest_waits_and_is_one_mail(
    mail: MailGateway, anna: Staff
) -> None:
    """After an outage what is late is worked out in batches."""
    moment = timezone.now()
    for seconds, new, sent in ((0, 25, 1), (60, 25, 0), (120, 1, 0), (301, 0, 1), (302, 25, 0)):
        with time_machine.travel(moment + timedelta(seconds=seconds), tick=False):
            owe_many(anna, new)
            assert send_due("email") == sent
    waiting = Notice.objects.filter(state=NoticeState.WAITING)
    assert set(waiting.values_list("next_attempt_at", flat=True)) == {moment + timedelta(seconds=601)}
    with time_machine.travel(moment + timedelta(seconds=303), tick=False):
        owe(staff=StaffFactory())
        assert send_due("email") == 1
    assert "\n26. " in mail.journal.deliveries[1].text


def test_of_urgent_ones_only_a_crowd_is_held(mail: MailGateway, anna: Staff) -> None:
    moment = timezone.now()
    for seconds, new, sent in ((0, 25, 1), (60, 2, 2), (90, 25, 0), (301, 0, 1)):
        with time_machine.travel(moment + timedelta(seconds=seconds), tick=False):
            owe_many(anna, new, urgent=True)
            assert send_due("email") == sent


def test_small_batches_count_together(mail: MailGateway, anna: Staff) -> None:
    moment = timezone.now()
    for seconds, sent in ((0, 15), (60, 1), (120, 0), (400, 1)):
        with time_machine.travel(moment + timedelta(seconds=seconds), tick=False):
            owe_many(anna, 15)
            assert send_due("email") == sent


def test_no_second_digest_is_made_while_one_is_on_its_way(anna: Staff) -> None:
    owe_many(anna, 25)
    (under_way,) = leases.claim("email")
    owe_many(anna, 25)
    assert leases.claim("email") == []
    waiting = Notice.objects.filter(state=NoticeState.WAITING).exclude(pk=under_way.pk)
    assert waiting.count() == 25
    assert set(waiting.values_list("next_attempt_at", flat=True)) == {fresh(under_way).lease_until}


def test_one_that_fails_for_long_holds_nothing_up(mail: MailGateway, anna: Staff, settings: Any) -> None:
    settings.NOTICE_RETRIES = [3600, 3600]
    mail.answers["RCPT"] = "451 later"
    owe_many(anna, 25)
    send_due("email")
    mail.answers.clear()
    owe_many(anna, 25)
    assert send_due("email") == 1


def test_without_a_rest_each_crowd_is_a_digest(anna: Staff, settings: Any) -> None:
    settings.NOTICE_DIGEST_REST = timedelta(0)
    for _crowd in range(2):
        owe_many(anna, 25)
    (first,) = leases.claim("email")
    leases.mark_sent(first)
    owe_many(anna, 25)
    (second,) = leases.claim("email")
    assert (first.parts.count(), second.parts.count()) == (50, 25)


def test_what_a_digest_listed_is_in_the_inbox_when_it_is_given_up(mail: MailGateway, anna: Staff) -> None:
    mail.answers["RCPT"] = "550 nobody"
    owe_many(anna, 25)
    assert send_due("email") == 0
    digest = Notice.objects.get(situation=Situation.DIGEST)
    assert digest.state == NoticeState.DEAD
    there = Notice.objects.in_inbox_of(anna)
    assert set(there.values_list("subject", flat=True)) == set(digest.parts.values_list("subject", flat=True))


def test_a_few_urgent_ones_do_not_wait_because_of_a_crowd_of_others(mail: MailGateway, anna: Staff) -> None:
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        owe_many(anna, 25, urgent=True)
        assert send_due("email") == 1
    with time_machine.travel(moment + timedelta(minutes=1), tick=False):
        owe_many(anna, 25)
        owe_many(anna, 2, urgent=True)
        assert send_due("email") == 2
    assert Notice.objects.filter(state=NoticeState.WAITING).count() == 0


def test_nothing_is_put_together_while_nothing_may_leave(anna: Staff) -> None:
    setting_of(failures=5, open_until=timezone.now() + timedelta(hours=1))
    owe_many(anna, 25)
    assert leases.claim("email") == []
    assert states() == {"waiting": 25}


def test_a_template_without_the_list_leaves_nothing_unnamed(mail: MailGateway, anna: Staff) -> None:
    PhraseTemplate.objects.filter(situation=Situation.DIGEST).update(body_en="{count} for you.")
    owe_many(anna, 25)
    assert send_due("email") == 1
    text = mail.journal.deliveries[0].text
    assert "25 for you." in text
    assert "wait in your inbox: " in text
    assert Notice.objects.in_inbox_of(anna).count() == 25


def test_a_digest_of_thousands_takes_some_statements_for_each_thousand(anna: Staff) -> None:
    owe_many(anna, 2500)
    with CaptureQueriesContext(connection) as captured:
        assert gather_crowds("email") == 2500
    # How many rows fit into one INSERT is the database's matter.
    others = [query["sql"] for query in captured if not query["sql"].startswith("INSERT")]
    assert len(others) <= 8 + 2 * 3


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
    assert states() == {"sent": 2, "digested": 30}
    digests = Notice.objects.filter(situation=Situation.DIGEST)
    for digest in digests:
        assert set(digest.parts.values_list("urgent", flat=True)) == {digest.urgent}
    assert {digest.urgent for digest in digests} == {True, False}


def test_urgent_and_other_ones_are_counted_together(mail: MailGateway, anna: Staff) -> None:
    owe_many(anna, 20)
    owe_many(anna, 20, urgent=True)
    send_due("email")
    assert len(mail.journal.deliveries) == 2


def test_a_single_urgent_one_in_a_crowd_is_sent_as_it_is(mail: MailGateway, anna: Staff) -> None:
    setting_of(quiet_from="22:00", quiet_until="08:00", time_zone="Asia/Shanghai")
    night = datetime.fromisoformat("2024-10-01T23:30:00+08:00")
    with time_machine.travel(night, tick=False):
        owe_many(anna, 20)
        urgent = owe(staff=anna, urgent=True)
        assert send_due("email") == 1
    assert mail.journal.keys == [str(urgent.key)]
    assert states() == {"waiting": 20, "sent": 1}


def test_what_is_being_sent_is_no_part_of_a_digest(anna: Staff) -> None:
    owe_many(anna, 20)
    held = leases.claim("email")
    assert len(held) == 20
    owe_many(anna, 5)
    leases.claim("email")
    assert Notice.objects.filter(situation=Situation.DIGEST).count() == 0


def test_after_an_outage_each_person_gets_one_mail(mail: MailGateway, anna: Staff) -> None:
    """While nothing may be tried, what comes is taken into the digest that waits."""
    moment = timezone.now()
    setting_of(failures=5, open_until=moment + timedelta(hours=8))
    for hour in range(4):
        with time_machine.travel(moment + timedelta(hours=hour), tick=False):
            owe_many(anna, 25)
            send_due("email")
    with time_machine.travel(moment + timedelta(hours=9), tick=False):
        assert send_due("email") == 1
    (digest,) = Notice.objects.filter(situation=Situation.DIGEST, state=NoticeState.SENT)
    parts = digest.parts.exclude(situation=Situation.DIGEST)
    assert parts.count() == 100
    assert len(lines_of(mail)) == 100
    assert Notice.objects.filter(state=NoticeState.WAITING).count() == 0


def test_what_was_tried_keeps_its_key(mail: MailGateway, anna: Staff) -> None:
    """The far side may have it, digest or not; only what nobody tried is put together."""
    mail.answers["RCPT"] = "451 later"
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        tried = owe(staff=anna, subject="先前的")
        send_due("email")
        owe_many(anna, 25)
        send_due("email")
    digest = Notice.objects.get(situation=Situation.DIGEST)
    assert (fresh(tried).attempts, digest.attempts, digest.parts.count()) == (1, 1, 25)
    mail.answers.clear()
    with time_machine.travel(moment + timedelta(minutes=5), tick=False):
        owe_many(anna, 25)
        send_due("email")
    newer = Notice.objects.filter(situation=Situation.DIGEST).latest("pk")
    assert sorted(mail.journal.keys) == sorted(str(one.key) for one in (tried, digest, newer))
    assert newer.parts.count() == 25


def test_a_digest_that_always_fails_is_given_up_while_others_trickle_in(
    mail: MailGateway, anna: Staff, settings: Any
) -> None:
    settings.NOTICE_RETRIES = [60, 60]
    mail.answers["RCPT"] = "451 later"
    moment = timezone.now()
    for minute in range(0, 8, 2):
        with time_machine.travel(moment + timedelta(minutes=minute), tick=False):
            owe_many(anna, 21)
            send_due("email")
    first = Notice.objects.filter(situation=Situation.DIGEST).earliest("pk")
    assert (first.state, first.attempts) == (NoticeState.DEAD, 3)


def test_what_a_person_sends_again_keeps_its_key(mail: MailGateway, anna: Staff) -> None:
    again = owe(staff=anna, state=NoticeState.DEAD, next_attempt_at=None, error="refused", attempts=1)
    replay_notice(again.pk, actor=StaffFactory(role=Role.MANAGER))
    owe_many(anna, 25)
    assert send_due("email") == 2
    assert str(again.key) in mail.journal.keys


# --- Text messages


def gateway_for_texts(gateway: HttpGateway) -> None:
    setting_of(NoticeChannel.SMS, quiet_from=None, quiet_until=None)
    options = {"body": {"to": "{phone}", "text": "{text}", "key": "{key}"}, "success": {"statuses": [200]}}
    endpoint_at(gateway.url, NoticeChannel.SMS, options=options)


def test_a_text_message_counts_and_says_where_to_look(gateway: HttpGateway) -> None:
    gateway_for_texts(gateway)
    anna = StaffFactory(mobile="+8613812345678", language="en")
    notices = owe_many(anna, 140, channel=NoticeChannel.SMS, body="全文")
    assert send_due("sms") == 1
    (delivery,) = gateway.journal.deliveries
    assert delivery.json["text"].startswith("140 notices")
    assert delivery.json["text"].endswith("/admin/cases/inbox/") or "/inbox/" in delivery.json["text"]
    there = Notice.objects.in_inbox_of(anna)
    assert set(there.values_list("subject", "body")) == {(notice.subject, "全文") for notice in notices}


@pytest.mark.parametrize("channel", [NoticeChannel.EMAIL, NoticeChannel.SMS])
def test_what_is_in_the_inbox_anyway_is_there_once(
    channel: NoticeChannel,
    mail: MailGateway,
    gateway: HttpGateway,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digests, "MOST_LINES", 1)
    gateway_for_texts(gateway)
    NoticeRule.objects.create(event_kind="add_note", whom=Whom.HANDLER, channel=channel)
    Staff.objects.filter(pk=scene.specialist.pk).update(mobile="+8613812345678")
    case = scene.case(State.HANDLING)
    forget_notices()
    for _number in range(21):
        do(case, "add_note", scene.supervisor)
    NoticeRule.objects.filter(event_kind="add_note", channel=NoticeChannel.INBOX).update(active=False)
    do(case, "add_note", scene.supervisor)
    work_out_announcements()
    assert send_due(channel) == 1
    there = Notice.objects.in_inbox_of(scene.specialist).filter(event__kind="add_note")
    assert there.count() == there.values("event").distinct().count() == 22


def test_a_digest_waits_for_the_end_of_the_quiet_hours(mail: MailGateway, anna: Staff) -> None:
    setting_of(quiet_from="22:00", quiet_until="08:00", time_zone="Asia/Shanghai")
    night = datetime.fromisoformat("2024-10-01T23:30:00+08:00")
    with time_machine.travel(night, tick=False):
        owe_many(anna, 25)
        assert send_due("email") == 0
    with time_machine.travel(night + timedelta(hours=9), tick=False):
        assert send_due("email") == 1
