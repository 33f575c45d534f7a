"""Many rows by one statement: every value comes back as it went in, and every key is found."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.choices import State, WaitingFor
from cases.models import Case, Round, Timer
from cases.services.bulk_rows import MANY
from cases.services.set_wise import among, update_rows
from cases.services.steps import lock_cases
from tests.factories import make_case
from tests.scenes import Scene

pytestmark = pytest.mark.django_db

TEXTS = ["", "NULL", 'a "b" \\ c', "{,}", "一\n二\t'", "\\N", _("Urgent")]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_comes_back_as_it_went_in(text: Any) -> None:
    cases = [make_case(), make_case()]
    cases[0].remark, cases[1].remark = text, "另一个"
    update_rows(Case, cases, ["remark"])
    assert [Case.objects.get(pk=case.pk).remark for case in cases] == [str(text), "另一个"]


@pytest.mark.parametrize("number", [1, 2])
def test_values_of_every_kind_come_back_as_they_went_in(scene: Scene, number: int) -> None:
    """Alone, and beside another row, which keeps its own."""
    cases = [scene.case(State.HANDLING) for _case in range(number)]
    now = timezone.now()
    wanted: dict[type[Any], dict[str, Any]] = {
        Case: {
            "amount": Decimal("12.50"),
            "legal_hold": True,
            "handler_id": None,
            "team_id": scene.support.pk,
            "waiting_for": WaitingFor.SUPPLIER,
            "promised_at": now,
            "version": 77,
        },
        Timer: {
            "used": timedelta(days=-3, microseconds=1),
            "pauses": [{"from": 'a"b\\', "to": None, "deep": {"一": [1, 2.5, True]}}],
            "due_at": None,
        },
        Round: {"solved": False, "score": None, "comment": "”“"},
    }
    for model, values in wanted.items():
        rows = cases if model is Case else [model.objects.filter(case=case)[0] for case in cases]
        stored = model.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk").values(*values)
        beside = list(stored.all())[1:]
        for name, value in values.items():
            setattr(rows[0], name, value)
        update_rows(model, rows, [name.removesuffix("_id") for name in values])
        assert list(stored.all()) == [values, *beside]


@pytest.mark.postgresql
def test_a_text_that_is_too_long_is_refused_and_not_cut() -> None:
    case = make_case()
    case.product = "长" * 500
    with pytest.raises(DataError), transaction.atomic():
        update_rows(Case, [case], ["product"])


@pytest.mark.parametrize("more", [0, 1, 10_000])
def test_every_key_that_is_given_is_found_by_one_parameter(more: int) -> None:
    case, _other = make_case(), make_case()
    keys = [case.pk, *range(10**12, 10**12 + more)]
    assert list(Case.objects.filter(among("pk", keys))) == [case]
    clocks = Timer.objects.filter(among("case_id", keys))
    assert {clock.case_id for clock in clocks} == {case.pk}


def test_no_key_finds_nothing() -> None:
    make_case()
    assert not Case.objects.filter(among("pk", [])).exists()


def parents(case: Case) -> tuple[Any, ...]:
    return case.team, case.handler, case.topic, case.service_level


def test_many_cases_are_locked_by_a_fixed_number_of_statements(scene: Scene) -> None:
    cases = [make_case(team=scene.front) for _case in range(MANY + 10)]
    counts = []
    for many in (MANY - 1, MANY, MANY + 10):
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            locked = lock_cases([case.pk for case in cases[:many]])
            found = {pk: parents(case) for pk, case in locked.items()}
        counts.append(len(asked))
        assert len(found) == many
        for case in cases[:many]:
            assert found[case.pk] == parents(Case.objects.get(pk=case.pk))
    assert counts[1] == counts[2] <= counts[0] + 4
