from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.choices import Channel, Language, Role
from cases.models import (
    CalendarDay,
    CalendarWindow,
    CalendarYear,
    ContactAccess,
    ExportRecord,
    ImportRecord,
    LadderStep,
    NoticeRule,
    PhraseTemplate,
    RoutingRule,
    Topic,
    WorkCalendar,
)
from cases.services.calendars import load_holidays
from cases.services.first_records import ensure_first_records
from tests.factories import ContactFactory, CustomerFactory, DepartmentFactory, TeamFactory, TopicFactory
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

REFERENCE = ("department", "team", "topic", "routingrule")
RECORDS = ("exportrecord", "importrecord", "contactaccess")
FOREIGN_FILTERS = {
    "department": "teams__members__email__startswith=a",
    "team": "members__password__startswith=a",
    "topic": "name__startswith=a",
    "routingrule": "team__name__startswith=a",
    "exportrecord": "staff__email__startswith=a",
    "importrecord": "file_name__startswith=a",
    "contactaccess": "customer__contacts__value__startswith=1",
}


@pytest.fixture
def client(client: Client, scene: Scene) -> Client:
    for person in scene.people().values():
        person.language = Language.ENGLISH
        person.save()
    client.force_login(scene.administrator)
    return client


def add_rows(scene: Scene) -> None:
    topic = TopicFactory()
    team = TeamFactory(department=DepartmentFactory())
    RoutingRule.objects.create(team=team, topic=topic)
    ExportRecord.objects.create(staff=scene.manager, what="case", format="csv", rows=1, sha256="0" * 64)
    ImportRecord.objects.create(
        staff=scene.manager, file_name="a.csv", created=1, unchanged=0, sha256="0" * 64
    )
    ContactAccess.objects.create(staff=scene.agent, customer=CustomerFactory(), reason="客户要求回电")


@pytest.mark.parametrize("model", [*REFERENCE, *RECORDS])
def test_a_list_costs_the_same_for_one_and_for_many(client: Client, scene: Scene, model: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/admin/cases/{model}/").status_code == 200
        return len(captured)

    add_rows(scene)
    few = cost()
    for _n in range(10):
        add_rows(scene)
    assert cost() == few


@pytest.mark.parametrize("model", FOREIGN_FILTERS)
def test_no_address_asks_about_fields_that_are_no_filters(client: Client, model: str) -> None:
    assert client.get(f"/admin/cases/{model}/?{FOREIGN_FILTERS[model]}").status_code == 400


@pytest.mark.parametrize("model", [*REFERENCE, *RECORDS])
@pytest.mark.parametrize("role", [Role.AGENT, Role.SPECIALIST])
def test_agents_and_specialists_have_none_of_these_pages(
    client: Client, scene: Scene, model: str, role: Role
) -> None:
    client.force_login(scene.people()[role])
    for part in ("", "add/", "1/change/", "1/history/"):
        assert client.get(f"/admin/cases/{model}/{part}").status_code in {403, 302}
    assert client.get(f"/admin/cases/{model}/").status_code == 403


@pytest.mark.parametrize("model", RECORDS)
def test_records_are_read_and_changed_by_nobody(client: Client, scene: Scene, model: str) -> None:
    add_rows(scene)
    for role in (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR):
        client.force_login(scene.people()[role])
        page = client.get(f"/admin/cases/{model}/")
        row = page.context["cl"].result_list[0]
        assert client.get(f"/admin/cases/{model}/{row.pk}/change/").status_code == 200
        assert client.post(f"/admin/cases/{model}/{row.pk}/change/", {"reason": "x"}).status_code == 403
        assert client.post(f"/admin/cases/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert client.get(f"/admin/cases/{model}/add/").status_code == 403


def test_looks_at_contacts_are_found_by_the_whole_number_of_a_customer(client: Client, scene: Scene) -> None:
    customer = ContactFactory().customer
    ContactAccess.objects.create(staff=scene.agent, customer=customer, reason="客户要求回电")
    add_rows(scene)
    found = client.get("/admin/cases/contactaccess/", {"q": customer.number}).context["cl"].result_list
    assert [row.customer for row in found] == [customer]
    assert not client.get("/admin/cases/contactaccess/", {"q": "C"}).context["cl"].result_list


def test_reference_data_is_changed_with_a_history_and_never_deleted(client: Client, scene: Scene) -> None:
    team = scene.front
    team.save()  # a first record, which those of the factory have not
    url = f"/admin/cases/team/{team.pk}"
    data = {
        "name": "新名",
        "name_en": "New name",
        "department": team.department_id,
        "tier": 2,
        "active": "on",
    }
    assert client.post(f"{url}/change/", data).status_code == 302
    team.refresh_from_db()
    assert (team.name, team.tier) == ("新名", 2)
    history = client.get(f"{url}/history/").content.decode()
    assert "新名" in history
    assert str(scene.administrator) in history
    assert client.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/cases/team/?q=New").context["cl"].result_count == 1


def test_names_are_shown_in_the_language_of_the_reader(client: Client, scene: Scene) -> None:
    page = client.get("/admin/cases/team/").content.decode()
    assert scene.front.department.name_en in page


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.MANAGER, Role.AUDITOR])
def test_others_read_reference_data_and_change_none(client: Client, scene: Scene, role: Role) -> None:
    client.force_login(scene.people()[role])
    url = f"/admin/cases/team/{scene.front.pk}/change/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "x"}).status_code == 403
    assert client.get("/admin/cases/team/add/").status_code == 403


WHERE = "/admin/cases/routingrule/where/"
TRAITS = {"stage": "intake", "type": "complaint", "vip_level": "0"}


def test_the_preview_names_the_first_rule_that_fits(client: Client, scene: Scene) -> None:
    RoutingRule.objects.create(position=1, team=scene.back, channel=Channel.APP)
    last = RoutingRule.objects.create(position=9, team=scene.front)
    assert client.get(WHERE).context["asked"] is False
    assert client.get(WHERE, {**TRAITS, "channel": "app"}).context["rule"].team == scene.back
    answer = client.get(WHERE, {**TRAITS, "channel": "phone"})
    assert answer.context["rule"] == last
    assert scene.front.name_en in answer.content.decode()


def test_the_preview_says_when_no_rule_fits_or_the_question_is_wrong(client: Client) -> None:
    RoutingRule.objects.all().delete()
    assert "No rule fits" in client.get(WHERE, TRAITS).content.decode()
    foreign = TopicFactory(type="suggestion")
    assert "another type" in client.get(WHERE, {**TRAITS, "topic": foreign.pk}).content.decode()


def test_the_preview_is_for_those_who_may_see_the_rules(client: Client, scene: Scene) -> None:
    client.force_login(scene.agent)
    assert client.get(WHERE, TRAITS).status_code == 403


def test_of_all_the_migrations_planted_there_is_a_first_record() -> None:
    planted = {
        rows.__name__: (rows.objects.count(), rows.history.filter(history_type="+").count())
        for rows in (CalendarDay, CalendarYear, CalendarWindow, LadderStep, NoticeRule, PhraseTemplate, Topic)
    }
    assert all(count == recorded > 0 for count, recorded in planted.values()), planted
    assert ensure_first_records(apps) == 0


def test_the_first_change_of_a_planted_row_says_what_it_replaced(client: Client) -> None:
    topic = Topic.objects.earliest("pk")
    data = {"type": topic.type, "name": topic.name, "name_en": "Something else", "position": topic.position}
    page = reverse("admin:cases_topic_history", args=[topic.pk])
    assert client.post(reverse("admin:cases_topic_change", args=[topic.pk]), data).status_code == 302
    history = client.get(page).content.decode()
    assert f"{topic.name_en} → Something else" in history
    assert "Added" in history


def test_holidays_loaded_later_are_recorded_too(scene: Scene) -> None:
    calendar = WorkCalendar.objects.get(is_default=True)
    gone = calendar.days.filter(date__year=2026)
    CalendarDay.history.filter(id__in=gone.values("pk")).delete()
    gone.delete()
    calendar.years.filter(year=2026).delete()
    load_holidays(calendar, actor=scene.administrator)
    days = calendar.days.filter(date__year=2026)
    assert CalendarDay.history.filter(id__in=days.values("pk"), history_type="+").count() == days.count() > 0
