"""Only silence after a reminder that was sent is no answer; and who has answered is not reminded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from cases.choices import Audience, ClockKind, ContactKind, NoticeState, Outcome, State
from cases.models import Case, LadderStep, Notice, PhraseTemplate, Timer
from cases.notices.expanding import work_out_announcements
from cases.notices.leases import give_up
from cases.notices.sending import send_due
from cases.notices.values import say_moment
from cases.services import transition_case
from cases.services.rearming import rearm_some, standards_changed
from cases.services.ticking import tick
from tests.cases.customer.visiting import visitor
from tests.cases.sending import send_at_any_hour, setting_of
from tests.cases.telling import reachable
from tests.gateways import MailGateway
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REMINDER = "escalate.confirmation_reminder"


@pytest.fixture
def clock() -> object:
    with time_machine.travel(NINE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def scene(clock: time_machine.Traveller) -> Scene:
    send_at_any_hour()
    return make_scene()


@pytest.fixture
def case(scene: Scene) -> Case:
    """Delivered at nine to a customer with a mail address."""
    customer = reachable((ContactKind.EMAIL, "who@example.com"))
    return scene.case(State.CONFIRMATION, customer=customer)


def tick_and_tell() -> None:
    tick()
    work_out_announcements()


def to_customer(case: Case, situation: str) -> Notice:
    return Notice.objects.get(case=case, customer=case.customer, situation=situation)


def end_of(case: Case) -> Timer:
    timer: Timer = case.timers.get(kind=ClockKind.CONFIRMATION_EXPIRY)
    return timer


def outcome(case: Case) -> str:
    return Case.objects.get(pk=case.pk).outcome


# The end waits for the reminder


def test_no_confirmation_ends_while_its_reminder_lies_in_the_outbox(
    case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    setting_of("email", active=False)
    clock.shift(24 * HOUR)
    tick_and_tell()
    assert send_due("email") == 0
    clock.shift(48 * HOUR)
    tick()
    end = end_of(case)
    assert (outcome(case), end.due_at, end.next_at) == ("", *[NINE + (72 + 48) * HOUR] * 2)
    shown = Case.objects.get(pk=case.pk)
    assert (shown.due_at, shown.due_clock) == (end.due_at, ClockKind.CONFIRMATION_EXPIRY)

    setting_of("email", active=True)
    clock.shift(40 * HOUR)
    send_due("email")
    sent_at = to_customer(case, REMINDER).sent_at
    assert sent_at == NINE + 112 * HOUR
    assert say_moment(sent_at + 48 * HOUR) in mail.journal.deliveries[-1].text
    clock.move_to(NINE + 120 * HOUR)
    tick()
    assert end_of(case).next_at == sent_at + 48 * HOUR

    clock.move_to(NINE + 160 * HOUR)
    tick()
    assert outcome(case) == Outcome.UNANSWERED
    assert case.escalations.get(kind=ClockKind.CONFIRMATION_EXPIRY).lateness == timedelta(0)


def test_the_subject_of_a_reminder_may_say_by_when_as_well(
    case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    words = PhraseTemplate.objects.filter(situation=REMINDER, audience=Audience.CUSTOMER)
    assert words.update(subject="请在 {until} 前答复", subject_en="Please answer by {until}")
    clock.shift(24 * HOUR)
    tick_and_tell()
    send_due("email")
    said = mail.journal.deliveries[-1].headers["subject"]
    assert say_moment(NINE + 72 * HOUR) in said


def test_a_reminder_nobody_has_worked_out_yet_is_not_sent_either(
    case: Case, clock: time_machine.Traveller
) -> None:
    clock.shift(24 * HOUR)
    tick()
    clock.shift(48 * HOUR)
    tick()
    assert outcome(case) == ""
    assert end_of(case).next_at == NINE + (72 + 48) * HOUR


def test_a_reminder_sent_in_time_puts_nothing_off(
    case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    clock.shift(24 * HOUR)
    tick_and_tell()
    clock.shift(timedelta(minutes=4))
    assert send_due("email") >= 1
    clock.move_to(NINE + 72 * HOUR)
    tick()
    assert outcome(case) == Outcome.UNANSWERED


def test_an_end_close_behind_its_reminder_does_not_come_with_it(
    case: Case, clock: time_machine.Traveller
) -> None:
    ends_at = NINE + 24 * HOUR + timedelta(minutes=4)
    budget = ends_at - NINE
    case.timers.filter(kind=ClockKind.CONFIRMATION_EXPIRY).update(
        budget=budget, due_at=ends_at, next_at=ends_at
    )
    clock.shift(25 * HOUR)
    tick_and_tell()
    assert outcome(case) == ""
    assert end_of(case).next_at == NINE + 25 * HOUR + timedelta(minutes=4)


def test_a_warning_before_the_end_is_not_put_off_with_it(
    case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    LadderStep.objects.create(kind=ClockKind.CONFIRMATION_EXPIRY, percent=50)
    standards_changed("ladder", actor=None)
    rearm_some()
    clock.shift(24 * HOUR)
    tick_and_tell()
    clock.shift(2 * HOUR)
    send_due("email")
    clock.move_to(NINE + 36 * HOUR)
    tick()
    assert case.escalations.filter(kind=ClockKind.CONFIRMATION_EXPIRY, percent=50).exists()
    clock.move_to(NINE + 72 * HOUR)
    tick()
    assert end_of(case).next_at == NINE + 74 * HOUR


def test_a_reminder_that_was_given_up_keeps_nothing_open(case: Case, clock: time_machine.Traveller) -> None:
    clock.shift(24 * HOUR)
    tick_and_tell()
    give_up(to_customer(case, REMINDER), "refused: 550")
    assert Notice.objects.filter(case=case, situation="unreachable").exists()
    clock.shift(48 * HOUR)
    tick()
    assert outcome(case) == Outcome.UNANSWERED


# Who has answered is asked no more


@pytest.mark.parametrize(
    ("name", "answers"),
    [("confirm", {"score": 5}), ("dispute", {"solved": False, "score": 1})],
)
def test_who_has_answered_is_not_reminded(
    name: str, answers: dict[str, Any], case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    clock.shift(24 * HOUR)
    tick_and_tell()
    transition_case(case.pk, name, actor=None, **answers)
    send_due("email")
    reminder = to_customer(case, REMINDER)
    assert (reminder.state, reminder.attempts, reminder.sent_at) == (NoticeState.NEEDLESS, 0, None)
    assert to_customer(case, "deliver").state == NoticeState.SENT
    assert str(reminder.key) not in mail.journal.keys
    assert not Notice.objects.filter(case=case, situation="unreachable").exists()


def test_who_has_answered_after_the_end_is_not_told_of_silence(
    case: Case, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    clock.shift(24 * HOUR)
    tick_and_tell()
    send_due("email")
    page = visitor(case)
    clock.shift(48 * HOUR)
    tick_and_tell()
    assert outcome(case) == Outcome.UNANSWERED
    page.say(solved=True, score=5)
    send_due("email")
    assert to_customer(case, "expire").state == NoticeState.NEEDLESS


def test_who_is_served_again_is_not_told_of_silence(
    case: Case, scene: Scene, clock: time_machine.Traveller, mail: MailGateway
) -> None:
    transition_case(case.pk, "expire", actor=None)
    work_out_announcements()
    transition_case(case.pk, "reopen", actor=scene.supervisor, note="客户来电")
    send_due("email")
    assert to_customer(case, "expire").state == NoticeState.NEEDLESS


def test_who_has_not_is_told_of_the_end(case: Case, clock: time_machine.Traveller, mail: MailGateway) -> None:
    clock.shift(24 * HOUR)
    tick_and_tell()
    send_due("email")
    clock.shift(48 * HOUR)
    tick_and_tell()
    send_due("email")
    assert {to_customer(case, name).state for name in (REMINDER, "expire")} == {NoticeState.SENT}
