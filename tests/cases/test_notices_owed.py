"""Events owe notices by rule: who is told of what, by which channel, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.choices import ContactKind, NoticeChannel, NoticeState, Role, State, Urgency, Whom
from cases.models import (
    Announcement,
    Case,
    CaseEvent,
    Endpoint,
    EventKind,
    LadderStep,
    Notice,
    NoticeMute,
    NoticeRule,
    PhraseTemplate,
)
from cases.notices.expanding import work_out_announcements
from cases.services import transition_case
from cases.services.steps import announce
from tests.cases.acting import dispatched, disputed, do, soon, support_of
from tests.cases.telling import forget_notices, notices_about, reachable, told
from tests.factories import CustomerFactory, StaffFactory, make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

INBOX, EMAIL, SMS = NoticeChannel.INBOX, NoticeChannel.EMAIL, NoticeChannel.SMS


def test_an_inbox_notice_is_there_at_once_and_the_others_wait_to_be_sent(scene: Scene) -> None:
    case = dispatched(scene)
    colleague = scene.specialist

    inbox, mail = sorted(notices_about(case, "dispatch", staff=colleague), key=lambda n: n.channel != INBOX)

    assert (inbox.channel, inbox.state, inbox.next_attempt_at) == (INBOX, NoticeState.SENT, None)
    assert inbox.sent_at is not None
    assert (mail.channel, mail.state, mail.sent_at) == (EMAIL, NoticeState.WAITING, None)
    assert mail.next_attempt_at == mail.created_at


def test_working_out_twice_changes_nothing(scene: Scene) -> None:
    case = dispatched(scene)
    assert work_out_announcements() > 0
    before = set(Notice.objects.values_list("pk", "owed_key"))

    assert work_out_announcements() == 0
    announce(list(CaseEvent.objects.filter(case=case)))
    work_out_announcements()

    assert set(Notice.objects.values_list("pk", "owed_key")) == before
    assert not Announcement.objects.exists()


def test_at_most_so_many_announcements_are_worked_out_the_oldest_first(scene: Scene) -> None:
    dispatched(scene)
    oldest = Announcement.objects.order_by("pk")[:2]
    gone = {row.pk for row in oldest}
    before = Announcement.objects.count()

    work_out_announcements(limit=2)

    assert Announcement.objects.count() == before - 2
    assert not Announcement.objects.filter(pk__in=gone).exists()


def test_a_dispatched_case_is_told_to_the_new_team_and_not_to_the_old(scene: Scene) -> None:
    assert told(dispatched(scene), "dispatch") == {scene.specialist}


def test_the_new_handler_is_told_of_a_reassigned_case(scene: Scene) -> None:
    other = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])
    case = do(scene.case(State.HANDLING), "reassign", scene.supervisor, handler=other)

    assert told(case, "reassign") == told(case, "reassign", EMAIL) == {other}


def test_nobody_is_told_of_their_own_deed(scene: Scene) -> None:
    case = do(scene.case(State.HANDLING), "add_note", scene.specialist)
    assert told(case, "add_note") == set()
    case = do(case, "add_note", scene.supervisor)
    assert told(case, "add_note") == {scene.specialist}


def test_the_supervisor_is_told_from_the_second_bounce_on(scene: Scene) -> None:
    case = dispatched(scene)
    do(case, "send_back", scene.specialist)
    assert told(case, "send_back") == {scene.agent}
    do(case, "begin_analysis", scene.agent)
    do(case, "dispatch", scene.agent, team=scene.back)

    do(case, "send_back", scene.specialist)

    assert told(case, "send_back") == {scene.agent, scene.supervisor}


def test_support_is_told_to_the_team_that_is_asked_and_its_end_to_the_handler(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="请核对", due_at=soon())
    assert told(case, "ask_support") == told(case, "ask_support", EMAIL) == {scene.supporter}

    do(case, "finish_support", scene.supporter, support=support_of(case), result="已核对")
    assert told(case, "finish_support") == {scene.specialist}


def test_waived_support_is_told_to_both_sides(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="请核对", due_at=soon())
    do(case, "waive_support", scene.supervisor, support=support_of(case))
    assert told(case, "waive_support") == {scene.specialist, scene.supporter}


def test_supporting_teams_named_when_dispatching_are_told(scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back, supporting=[scene.support])
    assert told(case, "dispatch") == {scene.specialist, scene.supporter}


def test_a_dispute_is_urgent_for_the_new_handler_whatever_they_muted(scene: Scene) -> None:
    for channel in (INBOX, EMAIL):
        NoticeMute.objects.create(staff=scene.supervisor, event_kind="dispute", channel=channel)
    case = disputed(scene)
    assert case.handler == scene.supervisor

    notices = notices_about(case, "dispute", staff=scene.supervisor)

    assert [(n.channel, n.urgent) for n in notices] == [(INBOX, True), (EMAIL, True)]
    assert told(case, "dispute") == {scene.supervisor, scene.manager}


def test_a_muted_notice_is_not_owed_and_a_required_one_is(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    for kind in ("add_note", "remind"):
        NoticeMute.objects.create(staff=scene.specialist, event_kind=kind, channel=INBOX)

    do(case, "add_note", scene.supervisor)
    do(case, "remind", scene.supervisor)

    assert told(case, "add_note") == set()
    assert told(case, "remind") == {scene.specialist}


def test_only_a_raised_urgency_is_told(scene: Scene) -> None:
    case = scene.case(State.HANDLING, urgency=Urgency.IMPORTANT)
    do(case, "set_urgency", scene.supervisor, urgency=Urgency.URGENT)
    assert told(case, "set_urgency") == {scene.specialist}
    do(case, "set_urgency", scene.supervisor, urgency=Urgency.NORMAL)
    assert told(case, "set_urgency") == set()


def test_everything_about_an_urgent_case_is_urgent(scene: Scene) -> None:
    calm = do(scene.case(State.HANDLING), "add_note", scene.supervisor)
    urgent = do(scene.case(State.HANDLING, urgency=Urgency.URGENT), "add_note", scene.supervisor)
    assert [n.urgent for n in notices_about(calm, "add_note")] == [False]
    assert [n.urgent for n in notices_about(urgent, "add_note")] == [True]


def test_a_person_two_rules_name_is_told_once_and_urgently_if_one_of_them_says_so(scene: Scene) -> None:
    NoticeRule.objects.create(event_kind="add_note", whom=Whom.TEAM, channel=INBOX, urgent=True)
    case = do(scene.case(State.HANDLING), "add_note", scene.supervisor)
    assert [(n.staff, n.urgent) for n in notices_about(case, "add_note")] == [(scene.specialist, True)]


def test_a_rule_out_of_use_tells_nobody(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="add_note").update(active=False)
    assert told(do(scene.case(State.HANDLING), "add_note", scene.supervisor), "add_note") == set()


# Robots and webhooks


def robot(**facts: object) -> Endpoint:
    given = {"name": "值班群", "channel": NoticeChannel.WECOM, "url": "https://example.com/", **facts}
    return Endpoint.objects.create(**given)


def rule_for(endpoint: Endpoint, kind: str = "add_note") -> None:
    NoticeRule.objects.create(
        event_kind=kind, whom=Whom.ENDPOINT, channel=endpoint.channel, endpoint=endpoint
    )


def test_a_robot_is_told_of_cases_of_its_team_or_of_all(scene: Scene) -> None:
    own, other, every = robot(name="1", team=scene.back), robot(name="2", team=scene.front), robot(name="3")
    resting = robot(name="4", active=False)
    for endpoint in (own, other, every, resting):
        rule_for(endpoint)
    case = do(scene.case(State.HANDLING), "add_note", scene.supervisor)
    assert told(case, "add_note", NoticeChannel.WECOM) == {own, every}


def test_a_robot_gets_no_personal_data_unless_it_may(scene: Scene) -> None:
    customer = CustomerFactory(name="张小明", number="C424242")
    for name, allowed in (("甲", False), ("乙", True)):
        rule_for(robot(name=name, personal_data=allowed))
    words = "{customer} {customer_number} {note} {number} {page}"
    row = {"subject": words, "body": words, "subject_en": words, "body_en": words}
    make_template("add_note", "robot", **row)
    case = do(
        scene.case(State.HANDLING, customer=customer), "add_note", scene.supervisor, note="电话13812345678"
    )

    strict, open_one = notices_about(case, "add_note", channel=NoticeChannel.WECOM)

    assert case.number in strict.body
    for secret in ("张小明", "C424242", "13812345678"):
        assert secret not in strict.subject + strict.body
        assert secret in open_one.body


def make_template(situation: str, audience: str, **words: str) -> None:
    PhraseTemplate.objects.update_or_create(situation=situation, audience=audience, defaults=words)


# Ladders


def escalated(
    case: Case, percent: int, clock: str = "completion", team: int | None = None, due_at: str = ""
) -> CaseEvent:
    """The event a clock leaves, as the tick writes it; by default two hours after the deadline."""
    case = Case.objects.get(pk=case.pk)
    event = CaseEvent.objects.create(
        case=case,
        seq=case.version + 1,
        kind=EventKind.ESCALATE,
        at=timezone.now(),
        from_state=case.state,
        to_state=case.state,
        team=case.team,
        round_number=case.round_number,
        data={
            "clock": clock,
            "percent": percent,
            "cycle": 1,
            "due_at": due_at or (timezone.now() - timedelta(hours=2)).isoformat(),
            "team": team,
        },
    )
    Case.objects.filter(pk=case.pk).update(version=case.version + 1)
    announce([event])
    return event


def test_the_steps_of_the_ladder_say_who_is_told_of_a_clock(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back])  # is none of it
    NoticeMute.objects.create(staff=scene.specialist, event_kind="escalate", channel=INBOX)
    found = {}
    for percent in (80, 100, 150):
        escalated(case, percent)
        found[percent] = {(n.staff, n.urgent) for n in notices_about(case, "escalate")}
    assert found == {
        80: {(scene.specialist, False)},
        100: {(scene.specialist, True), (scene.supervisor, True)},
        150: {(scene.manager, True)},
    }


def test_a_late_clock_says_which_and_how_late(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    escalated(case, 100)
    notice = notices_about(case, "escalate", staff=scene.specialist)[0]
    assert notice.situation == "escalate.completion"
    assert "2" in notice.subject
    assert "100" in notice.body


def test_a_clock_of_support_is_told_to_the_supporting_team(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="请核对", due_at=soon())
    escalated(case, 80, "support", scene.support.pk)
    assert told(case, "escalate") == {scene.specialist, scene.supporter}


def test_a_step_for_robots_tells_every_robot_of_its_channel(scene: Scene) -> None:
    LadderStep.objects.create(kind="completion", percent=100, whom=Whom.ENDPOINT, channel=NoticeChannel.WECOM)
    wecom = robot()
    robot(name="另一个", channel=NoticeChannel.FEISHU)
    case = scene.case(State.HANDLING)
    escalated(case, 100)
    assert told(case, "escalate", NoticeChannel.WECOM) == {wecom}


def test_the_customer_is_reminded_by_the_ladder(scene: Scene) -> None:
    customer = reachable((ContactKind.EMAIL, "a@example.com"), (ContactKind.PHONE, "+8613812345678"))
    case = scene.case(State.CONFIRMATION, customer=customer)
    escalated(case, 100, "confirmation_reminder")
    (notice,) = notices_about(case, "escalate", customer=customer)
    assert (notice.channel, notice.situation) == (EMAIL, "escalate.confirmation_reminder")
    assert "{link}" in notice.body
    assert not notice.urgent


@pytest.mark.parametrize("clock", ["confirmation_reminder", "confirmation_expiry", "retention"])
def test_a_clock_that_is_no_promise_of_ours_wakes_nobody(clock: str, scene: Scene) -> None:
    LadderStep.objects.create(kind=clock, percent=100, whom=Whom.HANDLER, channel=EMAIL)
    LadderStep.objects.create(kind=clock, percent=100, whom=Whom.ENDPOINT, channel=NoticeChannel.WECOM)
    robot()
    case = scene.case(State.CONFIRMATION)
    escalated(case, 100, clock)
    found = notices_about(case, "escalate", channel__in=(EMAIL, NoticeChannel.WECOM))
    assert [notice.urgent for notice in found] == [False, False]


def test_a_breach_of_ours_wakes_staff_and_robots_but_not_the_customer(scene: Scene) -> None:
    for whom, channel in ((Whom.CUSTOMER, EMAIL), (Whom.ENDPOINT, NoticeChannel.WECOM)):
        LadderStep.objects.create(kind="completion", percent=100, whom=whom, channel=channel)
    wecom, customer = robot(), reachable((ContactKind.EMAIL, "a@example.com"))
    case = scene.case(State.HANDLING, customer=customer)
    escalated(case, 100)
    urgent = {n.staff or n.endpoint or n.customer: n.urgent for n in notices_about(case, "escalate")}
    assert urgent == {scene.specialist: True, scene.supervisor: True, wecom: True, customer: False}


def test_of_an_urgent_case_the_customer_is_told_at_night_too(scene: Scene) -> None:
    customer = reachable((ContactKind.EMAIL, "a@example.com"))
    case = scene.case(State.CONFIRMATION, customer=customer, urgency=Urgency.URGENT)
    escalated(case, 100, "confirmation_reminder")
    assert notices_about(case, "escalate", customer=customer)[0].urgent


# Set-wise


def test_fifty_announcements_take_as_many_queries_as_one(scene: Scene) -> None:
    counts = []
    forget_notices()
    for many in (1, 50):
        for _number in range(many):
            do_without_checks(scene.case(State.HANDLING), scene)
        Announcement.objects.exclude(event__kind="add_note").delete()
        with CaptureQueriesContext(connection) as seen:
            assert work_out_announcements() == many
        counts.append(len(seen))
    # Where a second INSERT begins, one query more may write the rows.
    assert counts[1] <= min(counts[0] + 1, 25), counts


def do_without_checks(case: Case, scene: Scene) -> None:
    transition_case(case.pk, "add_note", actor=scene.supervisor, note="请跟进")


def test_without_announcements_one_question_is_asked(db: None) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert work_out_announcements() == 0
    assert len(seen) <= 2


def test_an_unclaimed_case_is_told_to_whoever_is_on_duty(scene: Scene) -> None:
    case = make_case(team=scene.front, actor=None)
    assert told(case, "register") == {scene.agent}
