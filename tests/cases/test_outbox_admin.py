"""The pages of outbox, channels and robots: who sees them, what they change, what they never show."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.choices import NoticeChannel, NoticeState, Role
from cases.models import Announcement, ChannelSetting, Endpoint, Notice, Staff
from cases.notices.sending import send_due
from tests.cases.sending import endpoint_at, fresh, owe, setting_of
from tests.factories import CustomerFactory, StaffFactory, make_case
from tests.gateways import HttpGateway
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

LIST = "/admin/cases/notice/"
SECRET = "a secret that is never shown"
READERS = (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)


@pytest.fixture
def reader(client: Client, scene: Scene) -> Client:
    log_in(client, scene.administrator)
    return client


def log_in(client: Client, staff: Staff) -> None:
    client.force_login(Staff.objects.get(pk=staff.pk))


def page_of(row: Any, name: str = "change") -> str:
    return reverse(f"admin:cases_{row._meta.model_name}_{name}", args=[row.pk])


def dead(**facts: Any) -> Notice:
    given = {"staff": StaffFactory(), "state": NoticeState.DEAD, "next_attempt_at": None, **facts}
    return owe(**{"error": "refused: 550", "attempts": 1, **given})


# --- Outbox


@pytest.mark.parametrize("role", list(Role))
def test_only_who_oversees_reads_the_outbox(role: Role, client: Client, scene: Scene) -> None:
    log_in(client, scene.people()[role])
    notice = dead()
    for url in (LIST, page_of(notice), "/admin/cases/announcement/"):
        assert client.get(url).status_code == (200 if role in READERS else 403), url


def test_the_list_says_why_and_leads_to_what_was_given_up(reader: Client) -> None:
    case = make_case(customer=CustomerFactory(name="不该出现"))
    dead(staff=None, customer=case.customer, case=case)
    owe(staff=StaffFactory())
    page = reader.get(LIST).content.decode()
    assert "The server refused it" in page or "550" in page
    assert "?state__exact=dead" in page
    assert case.number in page
    assert case.customer.number in page
    assert "不该出现" not in page
    listed: Any = reader.get(f"{LIST}?state__exact=dead")
    assert [row.state for row in listed.context_data["cl"].result_list] == [NoticeState.DEAD]


def test_only_the_filters_of_the_page_filter(reader: Client) -> None:
    for query in ("body__contains=a", "customer__name__startswith=a", "staff__password__startswith=m"):
        assert reader.get(f"{LIST}?{query}").status_code in (302, 400)
    for query in ("state__exact=dead", "channel__exact=email", "situation=dispatch", "q=CS1"):
        assert reader.get(f"{LIST}?{query}").status_code == 200


def test_a_notice_is_sent_again_by_post_alone(reader: Client) -> None:
    notice = dead()
    url = page_of(notice, "send_again")
    reader.get(url)
    assert fresh(notice).state == NoticeState.DEAD
    answer = reader.post(url, {"_form_submitted": "1"})
    assert answer["HX-Redirect"] == page_of(notice)
    assert fresh(notice).state == NoticeState.WAITING


def test_many_are_sent_again_at_once(reader: Client) -> None:
    notices = [dead() for _number in range(3)]
    waiting = owe(staff=StaffFactory())
    ids = [notice.pk for notice in (*notices, waiting)]
    reader.post(LIST, {"action": "replay", "_selected_action": ids})
    assert {fresh(notice).state for notice in notices} == {NoticeState.WAITING}
    assert fresh(waiting).replayed_at is None


def test_an_auditor_sends_nothing_again(client: Client, scene: Scene) -> None:
    log_in(client, scene.auditor)
    notice = dead()
    assert client.post(page_of(notice, "send_again"), {"_form_submitted": "1"}).status_code == 403
    client.post(LIST, {"action": "replay", "_selected_action": [notice.pk]})
    assert fresh(notice).state == NoticeState.DEAD


def test_what_was_caught_is_shown_as_it_would_have_left(
    reader: Client, settings: Any, tmp_path: Path
) -> None:
    settings.OUTGOING, settings.OUTGOING_FOLDER = "catch", tmp_path
    notice = owe(staff=StaffFactory(email="anna@example.com"), body="<b>caught text</b>")
    assert send_due("email") == 1
    page = reader.get(page_of(notice)).content.decode()
    assert "anna@example.com" in page
    assert "<b>caught" not in page
    settings.OUTGOING = "send"
    assert "anna@example.com" not in reader.get(page_of(notice)).content.decode()


def test_what_could_not_be_worked_out_is_tried_again(reader: Client) -> None:
    make_case()
    announcement = Announcement.objects.latest("pk")
    held = {"attempts": 3, "held_until": timezone.now() + timedelta(hours=1), "error": "KeyError"}
    Announcement.objects.filter(pk=announcement.pk).update(**held)
    assert "KeyError" in reader.get("/admin/cases/announcement/").content.decode()
    chosen = {"action": "retry", "_selected_action": [announcement.pk]}
    reader.post("/admin/cases/announcement/", chosen)
    announcement.refresh_from_db()
    assert announcement.held_until is None


@pytest.mark.parametrize("url", [LIST, "/admin/cases/endpoint/", "/admin/cases/announcement/"])
def test_a_list_costs_the_same_for_one_and_for_many(url: str, reader: Client) -> None:
    def fill() -> None:
        case = make_case()
        dead(staff=None, customer=case.customer, case=case)
        dead(staff=None, endpoint=endpoint_at("https://example.com/", team=case.team))

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert reader.get(url).status_code == 200
        return len(captured)

    fill()
    few = cost()
    for _number in range(10):
        fill()
    assert cost() == few


# --- Robots, webhooks, gateways


def fields(**values: Any) -> dict[str, Any]:
    given = {"name": "客服群", "channel": "wecom", "url": "https://qyapi.example.com/send?key=hidden"}
    return {**given, "secret": "", "options": "{}", "language": "zh-hans", "active": "on", **values}


def add(client: Client, **values: Any) -> Any:
    return client.post("/admin/cases/endpoint/add/", fields(**values))


def test_a_robot_is_set_up_and_its_secret_never_shown_again(reader: Client) -> None:
    assert add(reader, channel="webhook", secret=SECRET).status_code == 302
    endpoint = Endpoint.objects.get()
    assert endpoint.secret == SECRET
    for url in (page_of(endpoint), page_of(endpoint, "history"), "/admin/cases/endpoint/"):
        assert SECRET not in reader.get(url).content.decode()
    kept = fields(name="新名")
    assert reader.post(page_of(endpoint), kept | {"url": endpoint.url}).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.secret, endpoint.channel) == ("新名", SECRET, "webhook")


def test_a_secret_is_not_told_to_another_server_unseen(reader: Client) -> None:
    endpoint = endpoint_at("https://first.example.com/", secret=SECRET)
    moved = fields(url="https://second.example.com/")
    assert reader.post(page_of(endpoint), moved).status_code == 200
    assert reader.post(page_of(endpoint), moved | {"secret": "another secret of it"}).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.secret == "another secret of it"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR])
def test_who_may_only_look_sees_neither_key_nor_options(role: Role, client: Client, scene: Scene) -> None:
    log_in(client, scene.people()[role])
    key = "https://qyapi.example.com/send?key=hidden"
    endpoint = endpoint_at(key, secret=SECRET, options={"a": "opaque"})
    for url in (page_of(endpoint), "/admin/cases/endpoint/"):
        page = client.get(url).content.decode()
        assert "qyapi.example.com" in page
        assert "key=hidden" not in page
        assert "&quot;opaque&quot;" not in page
        assert SECRET not in page
    assert client.post(page_of(endpoint, "send_test"), {"_form_submitted": "1"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.com/"},
        {"url": "https://name:secret@example.com/"},
        {"url": "https://example.com:6379/"},
        {"url": "gopher://example.com/"},
        {"channel": "email"},
        {"channel": "inbox"},
        {"channel": "webhook", "secret": "short"},
        {"options": '{"body": {}}'},
        {"channel": "sms", "options": '{"body": {"to": "{name}"}}'},
        {"channel": "sms", "options": "[]"},
        {"channel": "sms", "options": '{"body": {}}'},
        {"channel": "sms", "options": '{"body": {}, "success": {}}'},
        {"channel": "sms", "options": '{"body": {}, "success": {"statuses": [200]}, "busy": [22]}'},
    ],
)
def test_what_could_never_work_is_refused(wrong: dict[str, str], reader: Client) -> None:
    assert add(reader, **wrong).status_code == 200
    assert Endpoint.objects.count() == 0


def test_a_gateway_is_told_how_it_says_that_it_took_a_message(reader: Client) -> None:
    refused = add(reader, channel="sms", options='{"body": {"to": "{phone}"}}').content.decode()
    assert "statuses&quot;: [200]" in refused
    for success in ('{"statuses": [200]}', '{"field": "code", "values": [0]}'):
        options = f'{{"body": {{"to": "{{phone}}"}}, "success": {success}}}'
        assert add(reader, name=success, channel="sms", options=options).status_code == 302
    assert Endpoint.objects.filter(channel="sms").count() == 2


def test_a_gateway_is_changed_by_the_rules_of_its_channel(reader: Client) -> None:
    """The channel was chosen once and is not in the form any more."""
    options = '{"body": {"to": "{phone}"}, "success": {"statuses": [200]}}'
    add(reader, channel="sms", options=options)
    gateway = Endpoint.objects.get()
    changed = fields(name="新名", url=gateway.url, options=options, active="")
    assert reader.post(page_of(gateway), changed).status_code == 302
    gateway.refresh_from_db()
    assert (gateway.name, gateway.active, gateway.options["success"]) == ("新名", False, {"statuses": [200]})
    assert reader.post(page_of(gateway), changed | {"options": "{}"}).status_code == 200
    gateway.refresh_from_db()
    assert gateway.options


def test_a_secret_cannot_become_a_short_one(reader: Client) -> None:
    add(reader, channel="webhook", secret=SECRET)
    endpoint = Endpoint.objects.get()
    assert reader.post(page_of(endpoint), fields(url=endpoint.url, secret="short")).status_code == 200
    endpoint.refresh_from_db()
    assert endpoint.secret == SECRET


def test_a_test_message_is_sent_by_post(reader: Client, gateway: HttpGateway) -> None:
    endpoint = endpoint_at(gateway.url, secret=SECRET)
    url = page_of(endpoint, "send_test")
    reader.get(url)
    assert gateway.journal.deliveries == []
    reader.post(url, {"_form_submitted": "1"})
    assert len(gateway.journal.deliveries) == 1
    gateway.behave(lambda talk: talk.answer(404, "a text of the far side"))
    reader.post(url, {"_form_submitted": "1"})
    page = reader.get(page_of(endpoint)).content.decode()
    assert "404" in page
    assert "a text of the far side" not in page


def test_test_messages_count_against_the_rate_of_their_way_and_not_its_breaker(
    reader: Client, gateway: HttpGateway
) -> None:
    ChannelSetting.objects.filter(channel="webhook").update(per_minute=2)
    endpoint = endpoint_at(gateway.url, secret=SECRET)
    endpoint.open_until = timezone.now() + timedelta(minutes=5)
    endpoint.save()
    for _press in range(3):
        reader.post(page_of(endpoint, "send_test"), {"_form_submitted": "1"})
    assert len(gateway.journal.deliveries) == 2
    assert "一分钟" in reader.get(page_of(endpoint)).content.decode()


def test_a_test_text_message_needs_a_mobile_number(
    reader: Client, gateway: HttpGateway, scene: Scene
) -> None:
    options = {"body": {"to": "{phone}", "text": "{text}"}}
    endpoint = endpoint_at(gateway.url, NoticeChannel.SMS, options=options)
    reader.post(page_of(endpoint, "send_test"), {"_form_submitted": "1"})
    assert gateway.journal.deliveries == []
    Staff.objects.filter(pk=scene.administrator.pk).update(mobile="+8613812345678")
    reader.post(page_of(endpoint, "send_test"), {"_form_submitted": "1"})
    assert gateway.journal.deliveries[0].json["to"] == "+8613812345678"


def test_a_form_saved_while_sending_forgets_no_failure(reader: Client) -> None:
    endpoint = endpoint_at("https://example.com/", secret=SECRET)
    Endpoint.objects.filter(pk=endpoint.pk).update(failures=3)
    reader.post(page_of(endpoint), fields(url="https://example.com/", name="新名"))
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.failures) == ("新名", 3)


# --- Channels


def test_quiet_hours_have_both_ends_and_a_known_zone(reader: Client) -> None:
    setting = setting_of("email")
    usual = {"active": "on", "per_minute": 60, "time_zone": "Asia/Shanghai"}
    wrong = ({"quiet_from": "22:00"}, {"time_zone": "Asia/Nowhere"}, {"per_minute": 0})
    for values in wrong:
        assert reader.post(page_of(setting), usual | values).status_code == 200, values
    right = usual | {"quiet_from": "22:00", "quiet_until": "08:00"}
    assert reader.post(page_of(setting), right).status_code == 302
    setting.refresh_from_db()
    assert (setting.per_minute, str(setting.quiet_from)) == (60, "22:00:00")


def test_a_breaker_is_shown_and_can_be_tried_at_once(reader: Client) -> None:
    later = timezone.now() + timedelta(minutes=5)
    setting = setting_of("email", failures=7, open_until=later)
    endpoint = endpoint_at("https://example.com/", failures=7, open_until=later)
    for row in (setting, endpoint):
        url = reverse(f"admin:cases_{row._meta.model_name}_changelist")
        assert "bh-due-late" in reader.get(url).content.decode()
        reader.post(page_of(row, "try_again"), {"_form_submitted": "1"})
        row.refresh_from_db()
        assert (row.failures, row.open_until) == (7, None)


def test_every_channel_is_there_from_the_beginning_and_none_is_added(reader: Client) -> None:
    assert set(ChannelSetting.objects.values_list("channel", flat=True)) == set(NoticeChannel.values)
    assert reader.get("/admin/cases/channelsetting/add/").status_code == 403
    assert reader.get("/admin/cases/channelsetting/").status_code == 200


# --- A person's mobile number


def test_a_mobile_number_is_kept_in_its_normal_form_and_in_no_history(reader: Client, scene: Scene) -> None:
    url = page_of(scene.agent)
    form = {"username": scene.agent.username, "name": "员工", "email": "a@example.com", "language": "en"}
    assert reader.post(url, form | {"mobile": "no number"}).status_code == 200
    assert reader.post(url, form | {"mobile": "138 1234 5678", "roles": ["agent"]}).status_code == 302
    scene.agent.refresh_from_db()
    assert scene.agent.mobile == "+8613812345678"
    assert not hasattr(scene.agent.history.latest(), "mobile")
