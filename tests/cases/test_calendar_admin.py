from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import DayKind, Language, State
from cases.models import CalendarDay, Rearming, Team, Timer, WorkCalendar
from cases.services.calendars import keep_calendar
from cases.services.rearming import rearm_some
from cases.standards import present_standards
from tests.cases.buttons import pressed
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

LIST = "/admin/cases/workcalendar/"
MOVES = "Show what would move"
EVENING = datetime(2026, 9, 24, 9, 30, tzinfo=UTC)  # in Shanghai, before a holiday


@pytest.fixture
def standard(scene: Scene, client: Client) -> WorkCalendar:
    scene.administrator.language = Language.ENGLISH
    scene.administrator.save()
    client.force_login(scene.administrator)
    return WorkCalendar.objects.get(is_default=True)


def page_of(calendar: WorkCalendar, year: int | None = None) -> str:
    address = reverse("admin:cases_workcalendar_change", args=[calendar.pk])
    return f"{address}?year={year}" if year else address


def filled(client: Client, url: str, **changed: object) -> dict[str, Any]:
    """What the form of the page would send, with some answers changed."""
    page = client.get(url)
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    fields = {field.html_name: field.value() for form in forms for field in form}
    data = {name: "" if value is None else value for name, value in fields.items() if value is not False}
    return data | changed


def test_the_list_says_how_much_each_works(client: Client, standard: WorkCalendar) -> None:
    page = client.get(LIST).content.decode()
    assert "Standard working hours" in page
    assert "40" in page
    assert "round the clock" in page


def test_a_year_is_shown_as_a_picture_with_its_holidays(client: Client, standard: WorkCalendar) -> None:
    page = client.get(page_of(standard, 2026)).content.decode()
    assert "2026-02-17 · 春节 · closed" in page
    assert "2026-02-14 · 调休上班 · 09:00–12:00, 13:00–18:00" in page
    assert "Working days of 2026" in page


def test_only_the_days_of_the_year_shown_are_asked_for(client: Client, standard: WorkCalendar) -> None:
    asked = filled(client, page_of(standard, 2025))
    dates = {str(value) for name, value in asked.items() if name.endswith("-date") and value}
    assert dates
    assert {day[:4] for day in dates} == {"2025"}


@pytest.mark.parametrize("year", ["x", "0", "99999", "１９９９", "-1"])
def test_a_year_that_is_none_shows_this_one(client: Client, standard: WorkCalendar, year: str) -> None:
    assert client.get(f"{page_of(standard)}?year={year}").context["shown_year"] == timezone.localtime().year


def test_the_new_year_begins_where_people_are(client: Client, standard: WorkCalendar, scene: Scene) -> None:
    with time_machine.travel(datetime(2026, 12, 31, 20, tzinfo=UTC), tick=False):
        client.force_login(scene.administrator)
        assert client.get(page_of(standard)).context["shown_year"] == 2027


def test_saving_other_hours_moves_running_clocks(
    client: Client, standard: WorkCalendar, scene: Scene
) -> None:
    scene.case(State.ANALYSIS)
    before = Rearming.objects.count()
    url = page_of(standard)
    answer = client.post(url, filled(client, url, always_on="on"))
    assert answer.status_code == 302
    standard.refresh_from_db()
    assert standard.always_on
    assert Rearming.objects.count() == before + 1
    assert Rearming.objects.latest("stamp").requested_by == scene.administrator
    rearm_some()
    assert not Timer.objects.running().filter(standards__lt=Rearming.objects.latest("stamp").stamp).exists()


def test_another_name_moves_nothing(client: Client, standard: WorkCalendar) -> None:
    before = Rearming.objects.count()
    url = page_of(standard)
    assert client.post(url, filled(client, url, name_en="Office hours")).status_code == 302
    standard.refresh_from_db()
    assert (standard.name_en, Rearming.objects.count()) == ("Office hours", before)


def test_a_year_made_known_and_another_country_are_read_by_every_process_and_move_no_clock(
    client: Client, standard: WorkCalendar
) -> None:
    url = page_of(standard)
    before = Rearming.objects.count()
    assert 2100 not in present_standards().announced[standard.pk]
    data = filled(client, url)
    number = int(data["years-TOTAL_FORMS"])
    data |= {"years-TOTAL_FORMS": number + 1, f"years-{number}-year": 2100}
    data |= {f"years-{number}-calendar": standard.pk, f"years-{number}-id": ""}
    assert client.post(url, data).status_code == 302
    assert 2100 in present_standards().announced[standard.pk]
    assert client.post(url, filled(client, url, country="")).status_code == 302
    assert standard.pk not in present_standards().announced
    assert Rearming.objects.count() == before


def test_a_half_day_is_added(client: Client, standard: WorkCalendar) -> None:
    url = page_of(standard, 2030)
    data = filled(client, url)
    data |= {
        "days-TOTAL_FORMS": 1,
        "days-0-date": "2030-02-01",
        "days-0-kind": DayKind.OWN_WINDOWS,
        "days-0-windows": "09:00-12:00",
        "days-0-label": "小年",
        "days-0-calendar": standard.pk,
    }
    assert client.post(url, data).status_code == 302
    assert CalendarDay.objects.get(date=date(2030, 2, 1)).windows == "09:00-12:00"
    data["days-0-windows"] = "in the morning"
    assert "Write windows as" in client.post(url, data).content.decode()


def test_a_calendar_without_hours_is_not_saved(client: Client, standard: WorkCalendar) -> None:
    url = page_of(standard)
    data = filled(client, url)
    data |= {f"windows-{n}-DELETE": "on" for n in range(10)}
    page = client.post(url, data)
    assert page.status_code == 200
    assert "This calendar never opens" in page.content.decode()
    assert standard.windows.count() == 10


def test_a_wrong_time_zone_is_said(client: Client, standard: WorkCalendar) -> None:
    url = page_of(standard)
    page = client.post(url, filled(client, url, time_zone="Peking")).content.decode()
    assert "“Peking” is no time zone" in page


def test_the_default_calendar_stays_active(client: Client, standard: WorkCalendar, scene: Scene) -> None:
    url = page_of(standard)
    data = filled(client, url)
    data.pop("active")
    assert "Make another one the default first" in client.post(url, data).content.decode()
    other = WorkCalendar.objects.get(name="24×7")
    scene.back.calendar = other
    scene.back.save()
    data = filled(client, page_of(other))
    data.pop("active")
    assert "Give it another one first" in client.post(page_of(other), data).content.decode()


def test_what_would_move_is_shown_and_nothing_is_saved(
    client: Client, standard: WorkCalendar, scene: Scene
) -> None:
    case = scene.case(State.ANALYSIS)
    Timer.objects.filter(case=case, stopped_at=None).update(calendar=standard)
    before = (Rearming.objects.count(), list(Timer.objects.values_list("due_at", flat=True)))
    url = page_of(standard)
    page = client.post(url, filled(client, url, always_on="on") | pressed(client, url, MOVES))
    assert page.status_code == 200
    assert "clocks looked at would get another deadline" in page.content.decode()
    assert "successfully" not in page.content.decode()
    standard.refresh_from_db()
    assert not standard.always_on
    assert (Rearming.objects.count(), list(Timer.objects.values_list("due_at", flat=True))) == before

    again = dict(page.context["again"])
    assert client.post(url, again).status_code == 302
    standard.refresh_from_db()
    assert standard.always_on


def test_a_preview_of_wrong_answers_says_what_is_wrong(client: Client, standard: WorkCalendar) -> None:
    url = page_of(standard)
    page = client.post(
        url, filled(client, url, time_zone="Peking") | pressed(client, url, MOVES)
    ).content.decode()
    assert "“Peking” is no time zone" in page


def test_a_new_calendar_needs_hours(client: Client, standard: WorkCalendar) -> None:
    url = f"{LIST}add/"
    data = filled(client, url, name="早班", time_zone="Asia/Shanghai")
    assert "This calendar never opens" in client.post(url, data).content.decode()
    data |= {
        "windows-TOTAL_FORMS": 1,
        "windows-0-weekday": 0,
        "windows-0-starts": "06:00",
        "windows-0-ends": "14:00",
    }
    assert client.post(url, data).status_code == 302
    assert WorkCalendar.objects.get(name="早班").windows.count() == 1


def test_a_year_that_is_not_announced_warns(client: Client, standard: WorkCalendar) -> None:
    now = timezone.localtime()
    standard.years.filter(year__gte=now.year).delete()
    page = client.get(page_of(standard)).content.decode()
    assert f"The public holidays of {now.year}" in page
    standard.years.create(year=now.year)
    standard.years.create(year=now.year + 1)
    assert "The public holidays of" not in client.get(page_of(standard)).content.decode()


@pytest.mark.parametrize("name", ["load_holidays", "make_default"])
def test_what_the_buttons_would_move_is_shown_before_anything_is_kept(
    client: Client, standard: WorkCalendar, scene: Scene, name: str
) -> None:
    with time_machine.travel(EVENING):
        client.force_login(scene.administrator)
        for row in (*standard.years.filter(year=2026), *standard.days.filter(date__year=2026)):
            row.delete()
        keep_calendar(standard, actor=None)
        scene.case(State.ANALYSIS)
        calendar = {"load_holidays": standard, "make_default": WorkCalendar.objects.get(name="24×7")}[name]
        url = reverse(f"admin:cases_workcalendar_{name}", args=[calendar.pk])
        before = Rearming.objects.count()

        page = client.get(url)

        assert page.context["preview"].moved > 0
        assert "clocks looked at would get another deadline" in page.content.decode()
        assert Rearming.objects.count() == before
        assert not standard.years.filter(year=2026).exists()
        assert WorkCalendar.objects.get(is_default=True) == standard

        assert client.post(url).headers["Location"] == page_of(calendar)
        assert Rearming.objects.count() == before + 1
    assert standard.years.filter(year=2026).exists() is (name == "load_holidays")
    assert WorkCalendar.objects.get(is_default=True) == calendar


def test_a_calendar_that_is_not_active_cannot_become_the_default(
    client: Client, standard: WorkCalendar
) -> None:
    WorkCalendar.objects.filter(name="24×7").update(active=False)
    other = WorkCalendar.objects.get(name="24×7")
    url = reverse("admin:cases_workcalendar_make_default", args=[other.pk])
    for ask in (client.get, client.post):
        assert "This calendar is not active" in ask(url, follow=True).content.decode()
    assert WorkCalendar.objects.get(is_default=True) == standard


def test_what_another_calendar_of_a_team_would_move_is_shown_before_it_is_kept(
    client: Client, standard: WorkCalendar, scene: Scene
) -> None:
    with time_machine.travel(EVENING):
        client.force_login(scene.administrator)
        scene.case(State.HANDLING)
        before = Rearming.objects.count()
        url = reverse("admin:cases_team_change", args=[scene.back.pk])
        other = WorkCalendar.objects.get(name="24×7")

        page = client.post(url, filled(client, url, calendar=other.pk) | pressed(client, url, MOVES))

        assert page.context["preview"].moved > 0
        assert Team.objects.get(pk=scene.back.pk).calendar is None
        assert Rearming.objects.count() == before
        assert client.post(url, dict(page.context["again"])).status_code == 302
    assert Team.objects.get(pk=scene.back.pk).calendar == other
    assert Rearming.objects.count() == before + 1


def test_who_only_reads_calendars_changes_none(client: Client, standard: WorkCalendar, scene: Scene) -> None:
    url = page_of(standard)
    data = filled(client, url, always_on="on")
    for person in (scene.supervisor, scene.manager, scene.auditor):
        client.force_login(person)
        assert client.get(url).status_code == 200
        assert client.post(url, data).status_code == 403
        assert client.post(url, data | {"cases_workcalendar_preview": ""}).status_code == 403
        for name in ("load_holidays", "make_default"):
            address = reverse(f"admin:cases_workcalendar_{name}", args=[standard.pk])
            assert client.get(address).status_code == client.post(address).status_code == 403
    for person in (scene.agent, scene.specialist):
        client.force_login(person)
        assert client.get(url).status_code == 403
    standard.refresh_from_db()
    assert not standard.always_on


def test_a_deadline_far_ahead_widens_the_warning(
    client: Client, standard: WorkCalendar, scene: Scene
) -> None:
    case = scene.case(State.ANALYSIS)
    far = timezone.now() + timedelta(days=800)
    Timer.objects.filter(case=case, stopped_at=None)[:1].get()
    Timer.objects.filter(case=case, stopped_at=None).update(calendar=standard, due_at=far)
    assert str(far.year) in client.get(page_of(standard)).content.decode().split("are not known yet")[0]
