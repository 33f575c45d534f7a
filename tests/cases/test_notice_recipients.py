"""Who is told when somebody is away, when a rule finds nobody, and who must never be told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.choices import Channel, NoticeChannel, Role, State, Whom
from cases.clock import database_now
from cases.models import Case, DutyShift, Endpoint, Notice, NoticeMute, NoticeRule, Staff
from cases.notices.directory import Directory
from cases.notices.happenings import read_happenings
from cases.notices.recipients import Recipients
from tests.cases.acting import do, soon
from tests.cases.telling import be_away, notices_about, told
from tests.factories import StaffFactory, TeamFactory, make_case
from tests.scenes import Scene, make_scene

pytestmark = pytest.mark.django_db

INBOX = NoticeChannel.INBOX


def noted(scene: Scene, state: State = State.HANDLING) -> Case:
    return do(scene.case(state), "add_note", scene.manager)


def colleague(scene: Scene, **facts: object) -> Staff:
    return StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.back], **facts)


def lead_of_back(scene: Scene) -> Staff:
    lead = colleague(scene)
    scene.back.lead = lead
    scene.back.save()
    return lead


def be_on_turn(person: Staff, scene: Scene, channel: str = "") -> None:
    """Round the clock, in the team that handles."""
    for weekday in range(7):
        DutyShift.objects.create(
            team=scene.back,
            channel=channel,
            staff=person,
            weekday=weekday,
            starts="00:00",
            ends="00:00",
            valid_from=timezone.localdate() - timedelta(days=9),
        )


def words_of_absence(case: Case) -> list[Notice]:
    return notices_about(case, "add_note", situation="absence")


# Absences


def test_what_is_meant_for_somebody_absent_goes_to_the_stand_in_and_the_lead_is_told(scene: Scene) -> None:
    lead, stand_in = lead_of_back(scene), colleague(scene)
    be_away(scene.specialist, stand_in)
    case = noted(scene)

    (notice,) = notices_about(case, "add_note")
    (word,) = words_of_absence(case)

    assert (notice.staff, notice.in_place_of) == (stand_in, scene.specialist)
    assert scene.specialist.name in notice.body
    assert (word.staff, word.channel) == (lead, INBOX)
    assert scene.specialist.name in word.subject
    assert stand_in.name in word.subject


def test_the_lead_is_told_once_for_each_event_however_many_notices_went_elsewhere(scene: Scene) -> None:
    lead, stand_in = lead_of_back(scene), colleague(scene)
    be_away(scene.specialist, stand_in)
    case = do(scene.case(State.HANDLING), "remind", scene.manager)
    assert len(notices_about(case, "remind", staff=stand_in)) == 2
    assert [n.staff for n in notices_about(case, "remind", situation="absence")] == [lead]


def test_of_two_who_are_away_and_have_the_same_stand_in_the_lead_hears_of_both(scene: Scene) -> None:
    lead, stand_in, other = lead_of_back(scene), colleague(scene), colleague(scene)
    for person in (scene.specialist, other):
        be_away(person, stand_in)
    NoticeRule.objects.filter(event_kind="add_note").update(whom=Whom.TEAM)
    case = noted(scene)

    (notice,) = notices_about(case, "add_note", staff=stand_in)

    first, second = words_of_absence(case)
    assert (first.staff, second.staff) == (lead, lead)
    said = first.subject + second.subject
    for person in (scene.specialist, other):
        assert person.name in notice.body
        assert person.name in said


def test_a_team_without_a_lead_has_its_supervisors_told(scene: Scene) -> None:
    be_away(scene.specialist, colleague(scene))
    assert [word.staff for word in words_of_absence(noted(scene))] == [scene.supervisor]


def test_a_stand_in_who_is_away_too_is_stood_in_for(scene: Scene) -> None:
    second, third = colleague(scene), colleague(scene)
    be_away(scene.specialist, second)
    be_away(second, third)
    assert told(noted(scene), "add_note") == {third}


def test_where_nobody_stands_in_the_lead_is_told_instead(scene: Scene) -> None:
    lead = lead_of_back(scene)
    be_away(scene.specialist)
    case = noted(scene)
    (notice,) = notices_about(case, "add_note")
    assert (notice.staff, notice.in_place_of) == (lead, scene.specialist)
    assert words_of_absence(case) == []


def test_two_supervisors_told_in_place_of_somebody_are_not_told_so_again(scene: Scene) -> None:
    other = StaffFactory(role=Role.SUPERVISOR, department=scene.department)
    be_away(scene.specialist)
    case = noted(scene)
    assert told(case, "add_note") == {scene.supervisor, other}
    assert words_of_absence(case) == []


def test_a_lead_who_is_away_leaves_it_to_the_supervisors_and_they_to_the_managers(scene: Scene) -> None:
    lead = lead_of_back(scene)
    be_away(scene.specialist)
    be_away(lead)
    assert told(noted(scene), "add_note") == {scene.supervisor}
    be_away(scene.supervisor)
    other = StaffFactory(role=Role.MANAGER)
    assert told(noted(scene), "add_note") == {other}  # not the one who wrote the note


def test_where_everybody_is_away_it_waits_in_the_inbox_of_the_person(scene: Scene) -> None:
    for person in (scene.specialist, scene.supervisor, scene.manager):
        be_away(person)
    case = do(scene.case(State.HANDLING), "receive_message", scene.agent, channel="phone", message="在吗")
    assert told(case, "receive_message") == {scene.specialist}


def test_a_stand_in_who_may_not_see_the_case_is_not_told(scene: Scene) -> None:
    lead, stranger = lead_of_back(scene), StaffFactory(role=Role.SPECIALIST, teams=[TeamFactory()])
    be_away(scene.specialist, stranger)
    assert told(noted(scene), "add_note") == {lead}
    assert not Notice.objects.filter(staff=stranger).exists()


def test_a_handler_who_has_left_is_no_reason_to_tell_nobody(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    Staff.objects.filter(pk=scene.specialist.pk).update(is_active=False)
    do(case, "add_note", scene.manager)
    assert told(case, "add_note") == {scene.supervisor}


def test_whose_turn_it_is_and_who_is_away_has_a_stand_in_told(scene: Scene) -> None:
    on_turn, stand_in = colleague(scene), colleague(scene)
    be_on_turn(on_turn, scene)
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back)
    assert told(case, "dispatch") == {on_turn}

    be_away(on_turn, stand_in)
    other = scene.case(State.ANALYSIS)
    do(other, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(other, "dispatch", scene.agent, team=scene.back)
    assert told(other, "dispatch") == {stand_in}


# Mutes


def mute(person: Staff, channel: str = INBOX, kind: str = "add_note") -> None:
    NoticeMute.objects.create(staff=person, event_kind=kind, channel=channel)


def test_the_mute_of_a_stand_in_does_not_swallow_what_is_meant_for_somebody_else(scene: Scene) -> None:
    lead, stand_in = lead_of_back(scene), colleague(scene)
    be_away(scene.specialist, stand_in)
    mute(stand_in)
    case = noted(scene)
    assert told(case, "add_note") == {stand_in}
    assert [word.staff for word in words_of_absence(case)] == [lead]


def test_the_mute_of_a_lead_does_not_swallow_it_either(scene: Scene) -> None:
    lead = lead_of_back(scene)
    be_away(scene.specialist)
    mute(lead)
    assert told(noted(scene), "add_note") == {lead}


@pytest.mark.parametrize("absent_first", [True, False])
def test_who_stands_in_for_one_and_is_meant_too_is_told_whatever_they_muted(
    absent_first: bool, scene: Scene
) -> None:
    """In whatever order the rule finds them."""
    NoticeRule.objects.filter(event_kind="add_note").update(whom=Whom.TEAM)
    lead, stand_in = lead_of_back(scene), colleague(scene)
    first, second = (scene.specialist, stand_in) if absent_first else (stand_in, scene.specialist)
    be_away(first, second)
    mute(second)
    case = noted(scene)
    assert told(case, "add_note") == {lead, second}
    (notice,) = notices_about(case, "add_note", staff=second)
    assert notice.in_place_of == first
    assert [word.staff for word in words_of_absence(case)] == [lead]


def test_what_falls_back_to_the_inbox_is_muted_with_it(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="add_note").update(channel=NoticeChannel.EMAIL)
    Staff.objects.filter(pk=scene.specialist.pk).update(email="")
    assert told(noted(scene), "add_note") == {scene.specialist}
    mute(scene.specialist)
    assert told(noted(scene), "add_note") == set()


def test_what_is_muted_by_mail_does_not_come_by_another_way(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="add_note").update(channel=NoticeChannel.EMAIL)
    Staff.objects.filter(pk=scene.specialist.pk).update(email="")
    mute(scene.specialist, NoticeChannel.EMAIL)
    assert told(noted(scene), "add_note") == set()


# Nobody is named


def test_word_for_the_handler_of_an_unclaimed_case_goes_to_whoever_is_on_duty(scene: Scene) -> None:
    case = make_case(team=scene.front, actor=None)
    do(case, "add_note", scene.manager)
    assert told(case, "add_note") == {scene.agent}


def test_where_a_person_has_no_address_the_inbox_takes_it(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="add_note").delete()
    for channel in (NoticeChannel.SMS, NoticeChannel.EMAIL):
        NoticeRule.objects.create(event_kind="add_note", whom=Whom.HANDLER, channel=channel)
    Staff.objects.filter(pk=scene.specialist.pk).update(email="", mobile="")
    assert [n.channel for n in notices_about(noted(scene), "add_note")] == [INBOX]


def sms_gateway(**facts: object) -> Endpoint:
    given = {"name": "短信网关", "channel": NoticeChannel.SMS, "url": "https://sms.example.com/", **facts}
    return Endpoint.objects.create(**given)


def test_text_messages_no_gateway_or_no_telephone_takes_wait_in_the_inbox(scene: Scene) -> None:
    NoticeRule.objects.filter(event_kind="add_note").update(channel=NoticeChannel.SMS)
    Staff.objects.filter(pk=scene.specialist.pk).update(mobile="+8613812345678")
    assert [n.channel for n in notices_about(noted(scene), "add_note")] == [INBOX]
    sms_gateway()
    assert [n.channel for n in notices_about(noted(scene), "add_note")] == [NoticeChannel.SMS]
    Staff.objects.filter(pk=scene.specialist.pk).update(mobile="+862162345678")
    assert [n.channel for n in notices_about(noted(scene), "add_note")] == [INBOX]


def test_a_person_with_a_mobile_number_gets_text_messages(scene: Scene) -> None:
    sms_gateway()
    NoticeRule.objects.create(event_kind="add_note", whom=Whom.HANDLER, channel=NoticeChannel.SMS)
    Staff.objects.filter(pk=scene.specialist.pk).update(mobile="+8613812345678")
    assert {n.channel for n in notices_about(noted(scene), "add_note")} == {INBOX, NoticeChannel.SMS}


@pytest.mark.parametrize("whom", [whom for whom in Whom if whom != Whom.ENDPOINT])
def test_every_kind_of_recipient_can_be_told(whom: Whom, scene: Scene) -> None:
    NoticeRule.objects.all().delete()
    NoticeRule.objects.create(event_kind="add_note", whom=whom, channel=INBOX)
    expected = {
        Whom.HANDLER: scene.specialist,
        Whom.ON_DUTY: scene.specialist,
        Whom.TEAM: scene.specialist,
        Whom.TEAM_LEAD: scene.supervisor,
        Whom.SUPERVISOR: scene.supervisor,
        Whom.ADMINISTRATOR: scene.administrator,
    }
    other = StaffFactory(role=Role.MANAGER) if whom == Whom.MANAGER else None
    assert told(noted(scene), "add_note") == {expected.get(whom, other)} - {None}


# Row scope


def test_nobody_is_told_of_a_case_they_may_not_see(scene: Scene) -> None:
    """A person put into the role of supervisors of the department, but without the right to its cases."""
    NoticeRule.objects.create(event_kind="add_note", whom=Whom.SUPERVISOR, channel=INBOX)
    role = scene.supervisor.groups.get()
    role.permissions.remove(role.permissions.get(codename="view_department_case"))
    assert told(noted(scene), "add_note") == {scene.specialist}


def test_who_is_told_sees_the_case_by_the_same_rule_as_everywhere() -> None:
    """The rule for rows at hand and the queryset agree for everybody and every case."""
    scenes = [make_scene(), make_scene()]
    cases = [scene.case(state) for scene in scenes for state in (State.INTAKE, State.HANDLING, State.ARCHIVE)]
    do(
        cases[1],
        "ask_support",
        scenes[0].specialist,
        team=scenes[1].back,
        request="请核对",
        due_at=timezone.now() + timedelta(hours=2),
    )
    Case.objects.filter(pk=cases[0].pk).update(team=None, intake_team=scenes[0].front)
    Case.objects.filter(pk=cases[3].pk).update(team=None, intake_team=None)
    StaffFactory(is_superuser=True)
    StaffFactory(role=Role.SUPERVISOR)  # of no department
    directory = Directory(database_now())
    events = [case.events.latest("seq").pk for case in cases]

    for happening in read_happenings(events):
        recipients = Recipients(directory, happening)
        for person in Staff.objects.filter(is_active=True):
            visible = Case.objects.visible_to(person).filter(pk=happening.case.pk).exists()
            assert recipients.sees(directory.staff[person.pk]) == visible, (person, happening.case)


def test_the_channel_of_the_case_decides_whose_turn_it_is(scene: Scene) -> None:
    by_phone, by_mail = colleague(scene), colleague(scene)
    for person, channel in ((by_phone, Channel.PHONE), (by_mail, Channel.EMAIL)):
        be_on_turn(person, scene, channel)
    directory = Directory(database_now())
    assert directory.on_duty(scene.back.pk, Channel.PHONE) == [by_phone]
    assert directory.on_duty(scene.back.pk, Channel.EMAIL) == [by_mail]


def test_somebody_absent_from_two_teams_is_named_once(scene: Scene) -> None:
    """One supporting team as well as another, both asked at once."""
    second = TeamFactory(department=scene.department)
    absent = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.support, second])
    stand_in = colleague(scene)
    be_away(absent, stand_in)
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back, supporting=[scene.support, second])

    (notice,) = notices_about(case, "dispatch", staff=stand_in, channel=INBOX)
    assert notice.body.count(absent.name) == 1


def test_who_stands_in_for_two_by_two_rules_is_told_for_both(scene: Scene) -> None:
    stand_in, on_turn, supporter = colleague(scene), colleague(scene), scene.supporter
    for person in (on_turn, supporter):
        be_away(person, stand_in)
    be_on_turn(on_turn, scene)
    case = scene.case(State.ANALYSIS)
    do(case, "contact_customer", scene.agent, channel="phone", message="已致电")
    do(case, "dispatch", scene.agent, team=scene.back, supporting=[scene.support])

    (notice,) = notices_about(case, "dispatch", staff=stand_in, channel=INBOX)
    assert on_turn.name in notice.body
    assert supporter.name in notice.body


def test_of_somebody_absent_from_a_supporting_team_its_own_lead_is_told(scene: Scene) -> None:
    lead_of_back(scene)
    own = StaffFactory(role=Role.SPECIALIST, department=scene.department, teams=[scene.support])
    scene.support.lead = own
    scene.support.save()
    be_away(scene.supporter, stand_in := colleague(scene))
    case = scene.case(State.HANDLING)
    do(case, "ask_support", scene.specialist, team=scene.support, request="请核对", due_at=soon())

    assert told(case, "ask_support") >= {stand_in}
    about = notices_about(case, "ask_support", situation="absence")
    assert [notice.staff for notice in about] == [own]
