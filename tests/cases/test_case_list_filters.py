"""Filters of the list: each narrows, none tells of what one may not see, and bad values are ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import CaseType, Channel, Confirmation, Region, State, Urgency
from cases.models import Case, Staff, Topic
from cases.services import transition_case
from tests.cases.listing import LIST, listed, open_list
from tests.cases.test_case_list import late
from tests.factories import CustomerFactory, StaffFactory, TeamFactory
from tests.scenes import Scene


def choices_of(client: Client, staff: Staff, name: str) -> set[str]:
    specs = open_list(client, staff).filter_specs
    return {
        str(value) for spec in specs if name in spec.parameters() for value, _label in spec.lookup_choices
    }


def test_each_filter_narrows_to_its_rows(client: Client, scene: Scene) -> None:
    topic = Topic.objects.filter(type=CaseType.CONSULTATION).first()
    scene.case()
    odd = scene.case(
        customer=CustomerFactory(region=Region.SOUTH),
        type=CaseType.CONSULTATION,
        topic=topic,
        urgency=Urgency.URGENT,
        channel=Channel.EMAIL,
    )
    assert topic
    for name, value in {
        "type": CaseType.CONSULTATION,
        "topic": str(topic.pk),
        "urgency": Urgency.URGENT,
        "channel": Channel.EMAIL,
        "region": Region.SOUTH,
    }.items():
        assert listed(client, scene.agent, **{name: value}) == [odd], name


def test_filters_of_the_work(client: Client, scene: Scene) -> None:
    intake = scene.case()
    handled = late(scene.case(State.HANDLING))
    disputed = scene.case(State.CONFIRMATION)
    transition_case(disputed.pk, "dispute", actor=None, solved=True, score=2)
    archived = scene.case(State.ARCHIVE)
    for query, expected in (
        ({"state": State.INTAKE}, {intake}),
        ({"state": "open"}, {intake, handled, disputed}),
        ({"team": str(scene.front.pk)}, {intake}),
        ({"handler": str(scene.supervisor.pk)}, {disputed}),
        ({"late": "yes"}, {handled}),
        ({"round": "2"}, {disputed}),
        ({"score": "2"}, {disputed}),
        ({"score": "4"}, {archived}),
        ({"confirmation": Confirmation.SATISFIED}, {archived}),
        ({"state": "open", "round": "2", "late": "yes"}, set()),
    ):
        assert set(listed(client, scene.supervisor, **query)) == expected, query


def test_days_are_local_and_both_ends_count(client: Client, scene: Scene) -> None:
    early, late_evening, next_day = scene.case(), scene.case(), scene.case()
    for case, moment in (
        (early, (2024, 10, 1, 0, 0)),
        (late_evening, (2024, 10, 1, 23, 59)),
        (next_day, (2024, 10, 2, 0, 0)),
    ):
        received = timezone.make_aware(datetime(*moment))  # noqa: DTZ001  made aware at once
        Case.objects.filter(pk=case.pk).update(received_at=received)
    shown = listed(client, scene.agent, **{"from": "2024-10-01", "to": "2024-10-01"})
    assert shown == [late_evening, early]
    assert listed(client, scene.agent, **{"from": "2024-10-02"}) == [next_day]


def test_archived_days_narrow_too(client: Client, scene: Scene) -> None:
    scene.case()
    archived = scene.case(State.ARCHIVE)
    today = f"{timezone.localdate():%Y-%m-%d}"
    assert listed(client, scene.supervisor, archived_from=today, archived_to=today) == [archived]
    assert listed(client, scene.supervisor, archived_to="2020-01-01") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "nonsense"),
        ("handler", "999999"),
        ("handler", "abc"),
        ("topic", "99999999999999999999999"),
        ("from", "yesterday"),
        ("to", "9999-12-31"),
        ("from", "0001-01-01"),
        ("score", "9"),
        ("round", "1 OR 1=1"),
        ("o", "1.-2.99999999999999"),
        ("o", "x"),
        ("p", "999"),
        ("all", ""),
        ("_facets", "True"),
        ("after", "nonsense"),
        ("after", "9999999999999999.999999999999999999"),
        ("before", "never.1"),
        ("tab", "__class__"),
        ("utm", "1"),
        ("q", "' \" & | ! ( ) : * \\ <-> %"),
    ],
)
def test_what_makes_no_sense_is_ignored(client: Client, scene: Scene, name: str, value: str) -> None:
    scene.case()
    open_list(client, scene.agent, **{name: value})


@pytest.mark.parametrize(
    "lookup",
    [
        "customer__contacts__value__startswith",
        "customer__name__contains",
        "handler__password__startswith",
        "state__exact",
        "description__icontains",
        "rounds__comment__contains",
        "team__members__id__exact",
    ],
)
def test_lookups_into_the_database_are_refused(client: Client, scene: Scene, lookup: str) -> None:
    scene.case()
    client.force_login(scene.manager)
    assert client.get(reverse(LIST), {lookup: "1"}).status_code == 400


def test_choices_name_only_those_one_works_with(client: Client, scene: Scene) -> None:
    stranger, foreign_team = StaffFactory(name="陌生人"), TeamFactory()
    for person in (scene.agent, scene.supervisor):
        assert str(stranger.pk) not in choices_of(client, person, "handler")
        assert str(foreign_team.pk) not in choices_of(client, person, "team")
    assert str(scene.specialist.pk) in choices_of(client, scene.supervisor, "handler")
    assert str(scene.specialist.pk) not in choices_of(client, scene.agent, "handler")
    assert str(stranger.pk) in choices_of(client, scene.manager, "handler")
    assert str(foreign_team.pk) in choices_of(client, scene.auditor, "team")


def test_what_narrows_is_named_and_can_be_taken_off(client: Client, scene: Scene) -> None:
    query: dict[str, Any] = {"state": State.INTAKE, "from": "2024-10-01", "q": "订单", "tab": "team"}
    chips = open_list(client, scene.agent, **query).chips()
    assert len(chips) == 3
    assert "state" not in chips[0]["without"]
    assert all("tab=team" in chip["without"] for chip in chips)
    assert "from" not in chips[1]["without"]
    assert "state=intake" in chips[1]["without"]
