"""The ledger of escalations: whose rows, how late, narrowed, and taken out as a file with a record of it."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases.choices import ClockKind, Role
from cases.exceptions import CaseError, NotPermitted
from cases.exchange.escalations import export_escalations
from cases.models import Case, Escalation, ExportRecord, Staff, Timer
from cases.services.ticking import tick
from tests.factories import TeamFactory, make_case
from tests.scenes import Scene

LIST, EXPORT = "admin:cases_escalation_changelist", "admin:cases_escalation_export"
MINUTE = timedelta(minutes=1)


def escalated(case: Case, kind: str = ClockKind.FIRST_RESPONSE, late: timedelta = 5 * MINUTE) -> Escalation:
    """A clock of the case whose next level was reached so long ago, noticed now."""
    Timer.objects.filter(case=case, kind=kind).update(next_at=timezone.now() - late)
    tick()
    return Escalation.objects.filter(case=case).latest("pk")


def log_in(client: Client, staff: Staff) -> None:
    Staff.objects.filter(pk=staff.pk).update(language="en")
    client.force_login(Staff.objects.get(pk=staff.pk))


def shown(client: Client, staff: Staff, **query: Any) -> list[Escalation]:
    log_in(client, staff)
    answer: Any = client.get(reverse(LIST), query)
    assert answer.status_code == 200, answer.status_code
    return list(answer.context_data["cl"].result_list)


def taken(client: Client, staff: Staff, **query: Any) -> list[list[str]]:
    log_in(client, staff)
    answer: Any = client.post(reverse(EXPORT, query=query))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_lateness_is_said_in_words_beside_an_icon(client: Client, scene: Scene) -> None:
    escalated(make_case(team=scene.front))
    escalated(make_case(team=scene.front), late=timedelta(seconds=5))
    log_in(client, scene.supervisor)

    page = client.get(reverse(LIST)).content.decode()

    assert "late by 5 min" in page
    assert "on time" in page
    assert ">warning<" in page


def test_only_escalations_of_cases_one_may_see_are_listed(client: Client, scene: Scene) -> None:
    own, foreign = escalated(make_case(team=scene.front)), escalated(make_case(team=TeamFactory()))
    for person in (scene.agent, scene.supervisor):
        assert shown(client, person) == [own]
        assert shown(client, person, q=foreign.case.number) == []
        url = reverse("admin:cases_escalation_change", args=[foreign.pk])
        assert client.get(url, follow=True).redirect_chain[-1][0] == reverse("admin:index")
    assert set(shown(client, scene.auditor)) == {own, foreign}


def test_the_ledger_is_narrowed_by_clock_level_day_and_lateness(client: Client, scene: Scene) -> None:
    first = escalated(make_case(team=scene.front))
    other = escalated(make_case(team=scene.front), kind=ClockKind.TRIAGE, late=timedelta(seconds=1))
    today = f"{timezone.localdate():%Y-%m-%d}"
    expected: tuple[tuple[dict[str, str], set[Escalation]], ...] = (
        ({"kind__exact": "triage"}, {other}),
        ({"noticed": "late"}, {first}),
        ({"level": "80"}, {first, other}),
        ({"level": "100"}, set()),
        ({"level": "nonsense"}, {first, other}),
        ({"from": today, "to": today}, {first, other}),
        ({"from": "2030-01-01"}, set()),
        ({"from": "nonsense"}, {first, other}),
        ({"q": first.case.number.lower()}, {first}),
    )
    for query, rows in expected:
        assert set(shown(client, scene.manager, **query)) == rows, query


def test_no_address_asks_about_another_field(client: Client, scene: Scene) -> None:
    escalated(make_case(team=scene.front))
    log_in(client, scene.manager)

    assert client.get(reverse(LIST), {"case__customer__name__startswith": "客"}).status_code in (302, 400)


def test_the_file_holds_the_rows_shown_and_is_recorded(client: Client, scene: Scene) -> None:
    row = escalated(make_case(team=scene.front))
    escalated(make_case(team=scene.front), kind=ClockKind.TRIAGE)
    escalated(make_case(team=TeamFactory()))

    header, line = taken(client, scene.supervisor, kind__exact="first_response")

    assert header[:2] == ["Case number", "Clock"]
    assert line[:5] == [row.case.number, "First response", "1", "1", "80"]
    assert line[7] == f"{timezone.localtime(row.fired_at):%Y-%m-%d %H:%M:%S}"
    assert float(line[8]) >= 300
    record = ExportRecord.objects.get()
    assert (record.what, record.rows, record.staff) == ("escalations", 1, scene.supervisor)
    assert record.filters == {"kind__exact": ["first_response"]}


def test_the_record_knows_the_file_by_its_digest(scene: Scene) -> None:
    escalated(make_case(team=scene.front))
    out = io.BytesIO()

    record = export_escalations(Escalation.objects.all(), out, actor=scene.manager, filters={})

    assert record.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SPECIALIST, Role.AUDITOR])
def test_who_may_not_export_is_refused(client: Client, scene: Scene, role: Role) -> None:
    escalated(make_case(team=scene.front))
    log_in(client, scene.people()[role])

    assert client.get(reverse(EXPORT)).status_code == client.post(reverse(EXPORT)).status_code == 403
    assert reverse(EXPORT) not in client.get(reverse(LIST)).content.decode()
    with pytest.raises(NotPermitted):
        export_escalations(Escalation.objects.all(), io.BytesIO(), actor=scene.people()[role], filters={})


def test_asking_takes_nothing_out(client: Client, scene: Scene) -> None:
    escalated(make_case(team=scene.front))
    log_in(client, scene.manager)

    page = client.get(reverse(EXPORT)).content.decode()

    assert "1 escalation will be exported" in page
    assert not ExportRecord.objects.exists()


def test_too_many_rows_are_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.exchange.escalations.MOST_ROWS", 0)
    escalated(make_case(team=scene.front))

    with pytest.raises(CaseError):
        export_escalations(Escalation.objects.all(), io.BytesIO(), actor=scene.manager, filters={})
    assert not ExportRecord.objects.exists()


def test_nobody_writes_into_the_ledger(client: Client, scene: Scene) -> None:
    row = escalated(make_case(team=scene.front))
    log_in(client, scene.administrator)
    url = reverse("admin:cases_escalation_change", args=[row.pk])

    assert client.post(url, {"percent": "1"}).status_code == 403
    assert client.get(reverse("admin:cases_escalation_add")).status_code == 403
