"""My desk: what is next, what is late, today's figures, and that its cost does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cases.choices import ClockKind, State
from cases.models import Case, Staff, Timer
from cases.services import transition_case
from cases.services.ticking import tick
from tests.cases.listing import LIST
from tests.cases.test_case_list import late
from tests.factories import StaffFactory, TeamFactory, make_case
from tests.scenes import Scene

AT_MOST = 15


def desk(client: Client, staff: Staff) -> dict[str, Any]:
    client.force_login(staff)
    response: Any = client.get(reverse("admin:index"))
    found: dict[str, Any] = response.context_data["desk"]
    return found


def part(client: Client, staff: Staff, name: str) -> list[Case]:
    parts = {each.name: each for each in desk(client, staff)["parts"]}
    return [row.case for row in parts[name].rows]


def test_my_cases_come_by_their_next_deadline(client: Client, scene: Scene) -> None:
    now = timezone.now()
    later = scene.case(State.ANALYSIS)
    sooner = scene.case(State.ANALYSIS, expected_at=now + timedelta(minutes=10))
    scene.case(State.HANDLING)
    assert part(client, scene.agent, "mine") == [sooner, later]


def test_unclaimed_cases_of_my_teams_only(client: Client, scene: Scene) -> None:
    free = scene.case()
    make_case(team=TeamFactory())
    scene.case(State.ANALYSIS)
    assert part(client, scene.agent, "unclaimed") == [free]
    assert part(client, scene.supervisor, "unclaimed") == [free]
    assert part(client, scene.specialist, "unclaimed") == []


def test_what_is_late_says_by_how_much(client: Client, scene: Scene) -> None:
    case = late(scene.case(State.HANDLING))
    scene.case(State.HANDLING)
    late(make_case(team=TeamFactory()))
    assert part(client, scene.specialist, "late") == [case]
    assert "bh-due-late" in client.get(reverse("admin:index")).content.decode()


def test_a_reminder_stands_on_the_desk_of_its_handler(client: Client, scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    transition_case(case.pk, "remind", actor=scene.supervisor, note="客户又来电")
    assert part(client, scene.specialist, "reminded") == [case]
    transition_case(case.pk, "report_progress", actor=scene.specialist, note="已联系仓库")
    assert part(client, scene.specialist, "reminded") == []


def miss_a_deadline(case: Case) -> None:
    """Reached just now by one clock of staff; that a customer is asked again is no missed deadline."""
    clocks = Timer.objects.filter(case=case, kind=ClockKind.FIRST_RESPONSE)
    clocks.update(next_at=timezone.now(), next_percent=100, passed=80)
    tick()


def test_every_figure_leads_to_its_rows(client: Client, scene: Scene) -> None:
    scene.case(State.ARCHIVE)
    declined = scene.case()
    transition_case(declined.pk, "decline", actor=scene.supervisor, note="与我们无关")
    late(scene.case(State.HANDLING))
    old = scene.case()
    Case.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=3))
    miss_a_deadline(old)
    shown = desk(client, scene.supervisor)
    values = [figure.value for figure in shown["figures"]]
    assert values == ["3", "2", "50%", "1", "1"]
    rows = []
    for figure in shown["figures"]:
        response: Any = client.get(figure.link)
        rows.append(len(response.context_data["cl"].result_list))
    assert rows == [3, 2, 1, 1, 1]
    for figure in shown["handlers"]:
        response = client.get(figure.link)
        assert str(len(response.context_data["cl"].result_list)) == figure.value


def test_figures_are_for_those_who_lead(client: Client, scene: Scene) -> None:
    for person, leads in (
        (scene.agent, False),
        (scene.specialist, False),
        (scene.supervisor, True),
        (scene.manager, True),
    ):
        assert bool(desk(client, person)["figures"]) is leads


def test_the_queries_do_not_grow_with_the_rows(
    client: Client, scene: Scene, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for rows in (1, 10, 100):
        for _each in range(rows - Case.objects.count()):
            late(scene.case(State.ANALYSIS))
        for person in scene.people().values():
            client.force_login(person)
            with django_assert_max_num_queries(AT_MOST):
                assert client.get(reverse("admin:index")).status_code == 200


def test_the_fragment_is_the_desk_alone(client: Client, scene: Scene) -> None:
    case = scene.case(State.ANALYSIS)
    client.force_login(scene.agent)
    page = client.get(reverse("admin:cases_case_desk"))
    assert case.number in page.content.decode()
    assert "<html" not in page.content.decode()


def test_who_may_not_see_cases_gets_no_fragment(client: Client, scene: Scene) -> None:
    client.force_login(StaffFactory())
    assert client.get(reverse("admin:cases_case_desk")).status_code == 403
    assert client.get(reverse("admin:index")).status_code == 200


def test_the_desk_offers_registering_and_searching(client: Client, scene: Scene) -> None:
    for person, may in ((scene.agent, True), (scene.auditor, False)):
        client.force_login(person)
        page = client.get(reverse("admin:index")).content.decode()
        assert (reverse("admin:cases_case_add") in page) is may
        assert reverse(LIST) in page
