from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from cases.benchmarks.armed import CYCLE
from cases.benchmarks.deciding import DAY_OF_MADE, LAST
from cases.benchmarks.figures import COLUMNS, Figure
from cases.benchmarks.timing import typical
from cases.choices import Outcome, State
from cases.models import Announcement, Case, Escalation, RoutingRule, Timer, Topic
from cases.services.calendar_seed import ensure_calendars
from cases.services.reference import ensure_roles, ensure_topics
from cases.services.standards_seed import ensure_standards
from tests.factories import StaffFactory


def bench(out: Path, **options: object) -> list[dict[str, object]]:
    call_command("bench", cases=200, out=out, runs=1, seconds=1, stdout=StringIO(), **options)
    rows: list[dict[str, object]] = json.loads(out.read_text(encoding="utf-8"))
    return rows


@pytest.mark.one_database
@pytest.mark.django_db
def test_one_run_measures_everything_in_one_form_and_within_the_counts_of_the_paper(tmp_path: Path) -> None:
    rows = bench(tmp_path / "bench.json")

    assert all(tuple(row) == COLUMNS for row in rows)
    assert len({row["name"] for row in rows}) == len(rows)
    assert {str(row["name"]).split(",")[0].split(":")[0] for row in rows} == {
        *("export", "import", "list", "search", "case page", "my desk", "register", "transition"),
        *("lateness with ticks", "clocks due", "idle tick", "triage expiry", "confirmation expiry"),
        *("announcements worked out", "working time"),
    }
    with_baseline = [row for row in rows if row["baseline"] is not None]
    assert with_baseline
    assert all(row["ratio"] is not None for row in with_baseline)
    counted = [row for row in rows if row["unit"] in {"queries", "statements"} and row["aim"]]
    assert [row for row in counted if float(str(row["figure"])) > float(str(row["aim"]))] == []


@pytest.mark.django_db
def test_clocks_made_for_measuring_fire_once_and_are_put_away(tmp_path: Path) -> None:
    rows = {row["name"]: row for row in bench(tmp_path / "bench.json", only=["clocks", "lateness", "idle"])}

    assert rows["clocks due, beside a loop"]["cases"] == 200
    assert rows["clocks due, beside a loop"]["baseline"]
    assert rows["lateness with ticks: early"]["figure"] == 0
    assert not Timer.objects.running().filter(cycle__gte=CYCLE).exists()
    made = Escalation.objects.filter(timer__cycle__gte=CYCLE)
    assert made.exists()
    assert not Announcement.objects.filter(event__escalation__in=made).exists()


@pytest.mark.django_db
def test_cases_made_for_measuring_are_decided_by_the_system_itself(tmp_path: Path) -> None:
    bench(tmp_path / "bench.json", only=["deciding", "announcements"])

    made = Case.objects.filter(number__startswith=DAY_OF_MADE)
    assert made.filter(state=State.HANDLING, events__kind="dispatch").count() == 200
    assert made.filter(outcome=Outcome.UNANSWERED, events__kind="expire").count() == 200
    assert not RoutingRule.objects.filter(position=LAST).exists()
    assert not Announcement.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_processes_share_what_is_due(tmp_path: Path, database_for_others: None) -> None:
    ensure_roles()
    ensure_topics(Topic)
    ensure_calendars(apps)
    ensure_standards(apps)

    rows = {row["name"]: row for row in bench(tmp_path / "bench.json", only=["deciding", "clocks"])}

    assert rows["clocks due, by two tickers"]["cases"] == 200
    for expiry in ("triage expiry", "confirmation expiry"):
        assert rows[f"{expiry}: rate"]["cases"] == rows[f"{expiry} by two tickers: rate"]["cases"] == 200
    decided = Case.objects.filter(number__startswith=DAY_OF_MADE)
    assert decided.exclude(state__in=(State.INTAKE, State.CONFIRMATION)).count() == 4 * 200


@pytest.mark.django_db
def test_figures_of_another_database_can_stand_beside(tmp_path: Path) -> None:
    first = bench(tmp_path / "bench.json", only=["desk"])

    both = bench(tmp_path / "bench.json", only=["desk"], add=True)

    assert both[: len(first)] == first
    assert len(both) == 2 * len(first)


@pytest.mark.django_db
def test_a_database_of_real_people_is_left_alone(tmp_path: Path) -> None:
    StaffFactory()

    with pytest.raises(CommandError, match="Real people"):
        bench(tmp_path / "bench.json")

    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("unit", "figure", "baseline", "aim", "ratio", "met"),
    [
        ("ms", 10, 80, 15, 8.0, True),
        ("ms", 20, 10, 15, 0.5, False),
        ("rows/s", 50_000, 1_000, 40_000, 50.0, True),
        ("rows/s", 30_000, None, 40_000, None, False),
        ("MB", 10, None, None, None, None),
    ],
)
def test_a_ratio_says_how_many_times_better(
    unit: str, figure: float, baseline: float | None, aim: float | None, ratio: float | None, met: bool | None
) -> None:
    found = Figure("a thing", figure, unit, 1, "sqlite", aim, baseline)

    assert (found.ratio, found.is_met) == (ratio, met)


@pytest.mark.django_db
def test_a_thing_is_run_once_to_warm_up_and_then_as_often_as_asked() -> None:
    runs: list[int] = []

    spent = typical(lambda: runs.append(Case.objects.count()), most=4)

    assert len(runs) == 5
    assert spent.queries == 1
