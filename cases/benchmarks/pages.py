"""The pages people wait for: lists, searches, one case. Beside each the stock admin's, where it has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from cases.benchmarks.ground import Aims, Browser, Ground
from cases.benchmarks.stock import ROWS
from cases.choices import CaseType, State
from cases.models import Case
from cases.seeding.words import PLACE_FIRST, PLACE_SECOND

# Paper on speed: milliseconds of the page, of them in the database, queries.
LIST: Aims = (150, 15, 12)
SEARCH: Aims = (200, 20, 12)
CASE: Aims = (None, None, 15)
YEAR = timedelta(days=365)
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Look:
    """An address of ours and, where there is one, of the stock admin; both as queries behind the list."""

    name: str
    ours: dict[str, str]
    plain: dict[str, str] | None
    aims: Aims


def measure_lists(ground: Ground) -> None:
    _measure(ground, [*_lists()])
    _measure_agent(ground, [*_lists(), *_queues()])


def measure_searches(ground: Ground) -> None:
    _measure(ground, [*_searches()])
    _measure_agent(ground, [*_searches()])


def measure_case_page(ground: Ground) -> None:
    """The case with the longest of histories, and one of the agent's own."""
    longest = Case.objects.order_by("-version", "pk")[0]
    manager = Browser(ground.manager)
    plain = ground.take(manager.opening(f"/stock/cases/case/{longest.pk}/change/"))
    spent = ground.take(manager.opening(_case_address(longest)))
    ground.tell_page("case page, manager", spent, plain, aims=CASE)
    own = Case.objects.filter(handler=ground.agent).newest_first().first()
    if own:
        spent = ground.take(Browser(ground.agent).opening(_case_address(own)))
        ground.tell_page("case page, agent", spent, aims=CASE)


def measure_desk(ground: Ground) -> None:
    ground.tell_page("my desk, agent", ground.take(Browser(ground.agent).opening(reverse("admin:index"))))


def _case_address(case: Case) -> str:
    return reverse("admin:cases_case_change", args=[case.pk])


def _measure(ground: Ground, looks: list[Look]) -> None:
    """As the manager, who sees every case; the stock admin knows no other scope."""
    browser, address = Browser(ground.manager), reverse("admin:cases_case_changelist")
    for look in looks:
        plain = None
        if look.plain is not None:
            plain = ground.take(browser.opening(f"/stock/cases/case/?{urlencode(look.plain)}"))
        spent = ground.take(browser.opening(f"{address}?{urlencode(look.ours)}"))
        ground.tell_page(f"{look.name}, manager", spent, plain, aims=look.aims)


def _measure_agent(ground: Ground, looks: list[Look]) -> None:
    browser, address = Browser(ground.agent), reverse("admin:cases_case_changelist")
    for look in looks:
        spent = ground.take(browser.opening(f"{address}?{urlencode(look.ours)}"))
        ground.tell_page(f"{look.name}, agent", spent, aims=look.aims)


def _lists() -> Iterator[Look]:
    now = timezone.now()
    yield Look("list, first page", {}, {}, LIST)
    begin, end = now - 7 * MONTH, now - 6 * MONTH
    yield Look(
        "list, one month of archived complaints",
        {
            "state": State.ARCHIVE.value,
            "type": CaseType.COMPLAINT.value,
            "from": f"{timezone.localdate(begin)}",
            "to": f"{timezone.localdate(end)}",
        },
        {
            "state__exact": State.ARCHIVE.value,
            "type__exact": CaseType.COMPLAINT.value,
            "received_at__gte": begin.isoformat(" "),
            "received_at__lt": end.isoformat(" "),
        },
        LIST,
    )
    newer = Case.objects.filter(received_at__gte=now - YEAR).count()
    deep = Case.objects.filter(received_at__lt=now - YEAR).newest_first().first()
    if deep:
        yield Look("list, a year back", {"after": _cursor(deep)}, {"p": str(newer // ROWS + 1)}, LIST)


def _queues() -> Iterator[Look]:
    for tab in ("mine", "team", "unclaimed", "late"):
        yield Look(f"list, tab {tab}", {"tab": tab}, None, LIST)


def _cursor(case: Case) -> str:
    """As the list's own links write it: the row's moment in microseconds, and its id."""
    since = case.received_at - datetime(1970, 1, 1, tzinfo=case.received_at.tzinfo)
    return f"{since // timedelta(microseconds=1)}.{case.pk}"


def _searches() -> Iterator[Look]:
    numbered = Case.objects.exclude(order_number="").select_related("contact").order_by("pk")
    middle = numbered[0].pk + Case.objects.count() // 2
    case = numbered.filter(pk__gte=middle).first() or numbered[0]
    phone = case.contact.value.removeprefix("+86") if case.contact else ""
    for name, words in (
        ("a number", case.number),
        ("a phone", phone),
        ("an order", case.order_number),
        ("a word", "mattress"),
        ("two common characters", "物流"),
        ("two rare characters", PLACE_FIRST[-1] + PLACE_SECOND[-1]),
        ("two words", "退款 洗衣机"),
        ("no hit", "鲸鲨"),
    ):
        yield Look(f"search, {name}", {"q": words}, {"q": words}, SEARCH)
