"""Nobody sees, finds, guesses or changes a case that is not theirs, by whatever address."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from cases.choices import State
from cases.lifecycle import MOVES
from cases.models import Case
from tests.factories import make_case
from tests.invariants import trace
from tests.site.addresses import every_address
from tests.site.leaks import Visitor
from tests.site.pages import (
    CASE,
    MODELS,
    address,
    known_names,
    pages_of_case,
    pages_of_rows,
    pages_without_a_row,
    short_addresses,
)
from tests.site.world import CANARIES, CANARY_MESSAGE, CANARY_NOTE, CANARY_PHONE, World

NARROW = ["agent", "specialist", "supporting specialist", "supervisor", "somebody without a role"]
WIDE = ["manager", "auditor", "administrator", "superuser"]
# Not there, not allowed for anybody, or only by another method; each says the same about any number.
REFUSED = {403, 404, 405}
LIST = f"{CASE}_changelist"


@pytest.fixture(params=NARROW)
def visitor(request: pytest.FixtureRequest, world: World) -> Visitor:
    """Each of those who may not see the foreign case."""
    return Visitor.as_staff(world, world.narrow_viewers()[request.param])


@pytest.fixture(params=WIDE)
def overseer(request: pytest.FixtureRequest, world: World) -> Visitor:
    """Each of those who may."""
    return Visitor.as_staff(world, world.wide_viewers()[request.param])


def answers(world: World) -> dict[str, Any]:
    """Something usable for whatever a form of the case may ask."""
    later = f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    return {
        "expected_version": world.foreign.version,
        "nonce": secrets.token_hex(16),
        "note": "请处理",
        "message": "您好",
        "channel": "phone",
        "urgency": "urgent",
        "result": "已处理",
        "proof": "单号",
        "team": world.here.back.pk,
        "handler": world.here.specialist.pk,
        "support": world.foreign_support.pk,
        "other": world.mine[State.INTAKE].number,
        "promised_at": later,
        "due_at": later,
        "waiting_for": "customer",
        "plan": "改进",
        "score": "4",
        "solved": "on",
        "request": "请核对",
        "type": "complaint",
        "description": "改写",
        "file": SimpleUploadedFile("own.txt", b"own"),
    }


def test_every_address_is_known() -> None:
    """A new address is walked by the tests of this folder as soon as it is named in ``pages``."""
    unknown = set(every_address()) - known_names() - short_addresses()
    assert unknown == set(), "name these in tests/site/pages.py"
    assert known_names() - set(every_address()) == set(), "these addresses are gone"


@pytest.mark.one_database
def test_without_a_login_every_address_leads_to_the_login(world: World) -> None:
    stranger = Visitor.as_staff(world, None)
    urls = [
        *pages_of_case(world.foreign, world.foreign_file),
        *pages_without_a_row(world),
        *pages_of_rows(world),
    ]
    for url in urls:
        for response in (stranger.get(url), stranger.post(url, answers(world))):
            assert response.status_code == 302, url
            assert response["Location"].startswith(reverse("admin:login")), url
    assert stranger.leaks == []


@pytest.mark.one_database
def test_a_foreign_case_is_not_there(visitor: Visitor) -> None:
    world = visitor.world
    before = trace(world.foreign.pk)
    for url in pages_of_case(world.foreign, world.foreign_file):
        seen = visitor.get(url).status_code
        sent = visitor.post(url, answers(world)).status_code
        if url == f"/admin/cases/case/{world.foreign.pk}/":
            assert seen == sent == 302, url  # leads any number to its page, which is not there
        else:
            assert {seen, sent} <= REFUSED, (url, seen, sent)
    assert visitor.leaks == []
    assert trace(world.foreign.pk) == before


@pytest.mark.one_database
def test_no_answer_tells_a_foreign_case_from_none(visitor: Visitor) -> None:
    world = visitor.world
    nothing = 10**9
    foreign = [url for url in pages_of_case(world.foreign, world.foreign_file) if "/r/" not in url]
    for url in foreign:
        part = "attachments/" if "attachments/" in url else "case/"
        pk = world.foreign_file.pk if "attachments/" in url else world.foreign.pk
        other = url.replace(f"{part}{pk}/", f"{part}{nothing}/")
        assert visitor.get(url).status_code == visitor.get(other).status_code, url


def test_no_page_tells_of_a_foreign_case(visitor: Visitor) -> None:
    for url in [*pages_without_a_row(visitor.world), *pages_of_rows(visitor.world)]:
        response = visitor.get(url)
        assert response.status_code in {200, 302, 403, 404, 405}, url
    assert visitor.leaks == []


def test_no_search_finds_a_foreign_case(visitor: Visitor) -> None:
    world = visitor.world
    words = [*world.secrets(), world.foreign.customer.number, "金丝雀", "canarydescription"]
    pages = [reverse(address(model, "changelist")) for model in MODELS] + [reverse("admin:search")]
    for word in words:
        visitor.get(reverse(LIST), {"q": word})
        visitor.get(reverse(f"{CASE}_customers"), {"q": word})
    for url in [*pages, reverse(f"{CASE}_export_records")]:
        visitor.get(url, {"q": "canary", "s": "canary", "extended": "1"})
    assert visitor.leaks == []


def test_no_filter_tab_or_cursor_opens_the_list(visitor: Visitor) -> None:
    foreign = visitor.world.foreign
    team, handler = foreign.team_id, foreign.handler_id
    chosen = {"team": team, "handler": handler, "topic": foreign.topic_id or "", "state": foreign.state}
    tabs = ("mine", "team", "unclaimed", "late", "waiting", "dissatisfied", "all")
    queries: list[dict[str, Any]] = [{"tab": tab, **chosen} for tab in tabs]
    queries += [{name: value} for name, value in chosen.items()]
    queries += [{"_popup": "1"}, {"_to_field": "number", "_popup": "1"}, {"all": ""}, {"o": "1.-2"}]
    queries += [{"_changelist_filters": f"q={foreign.number}"}, {"e": "1"}, {"p": "1"}]
    queries += [{"after": "x"}, {"before": f"{timezone.now().timestamp()}"}]
    for query in queries:
        assert visitor.get(reverse(LIST), query).status_code in {200, 302, 400, 403}, query
    assert visitor.leaks == []


ORACLES = {
    "description__startswith": "canary",
    "customer__name__startswith": "canary",
    "customer__contacts__value__startswith": CANARY_PHONE[:8],
    "messages__body__contains": CANARY_MESSAGE,
    "events__note__contains": CANARY_NOTE,
    "search_text__contains": "canary",
    "handler__password__startswith": "md5",
    "handler__username__startswith": "staff",
    "number__gte": "CS2",
    "pk__in": "1,2,3",
    "legal_hold__exact": "0",
}


@pytest.mark.one_database
@pytest.mark.parametrize("name", ["agent", "supervisor", "superuser"])
def test_an_address_asks_no_field_that_has_no_filter(name: str, world: World) -> None:
    """Such a question is refused, or passed over: the rows are the same whatever it asks."""
    people = world.narrow_viewers() | world.wide_viewers()
    visitor = Visitor.as_staff(world, people[name])
    for url in [reverse(LIST), *(reverse(address(model, "changelist")) for model in MODELS)]:
        for lookup, value in ORACLES.items():
            responses = [visitor.get(url, {lookup: each}) for each in (value, "nothing like it")]
            assert len({response.status_code for response in responses}) == 1, (url, lookup)
            assert len({rows_of(response) for response in responses}) == 1, (url, lookup)


def rows_of(response: Any) -> tuple[int, ...]:
    shown = getattr(response, "context_data", None) or {}
    return tuple(row.pk for row in shown["cl"].result_list) if "cl" in shown else ()


@pytest.mark.one_database
def test_no_autocomplete_finds_a_foreign_case(visitor: Visitor) -> None:
    """Asked for every foreign key of every model; where it answers, with words of the case once a model."""
    asked_with_words = set()
    for model in apps.get_app_config("cases").get_models():
        for field in model._meta.get_fields():
            if not (field.many_to_one or field.many_to_many) or field.auto_created:
                continue
            words = ["", "canary", visitor.world.foreign.number[:6]]
            for word in words[:1] if field.related_model in asked_with_words else words:
                asked = {
                    "app_label": "cases",
                    "model_name": model._meta.model_name,
                    "field_name": field.name,
                    "term": word,
                }
                answer = visitor.get(reverse("admin:autocomplete"), asked)
            if answer.status_code == 200:
                asked_with_words.add(field.related_model)
    assert visitor.leaks == []


BULK = ("claim", "assign", "dispatch", "remind", "export", "delete_selected", "nothing")


@pytest.mark.one_database
def test_a_foreign_case_ticked_by_force_stays_as_it_is(visitor: Visitor) -> None:
    world = visitor.world
    before = rows_of_case(world.foreign)
    for name in BULK:
        for across in ("0", "1"):
            ticked = {"action": name, "_selected_action": world.foreign.pk, "select_across": across}
            visitor.post(reverse(LIST), ticked)
            visitor.post(reverse(LIST), ticked | {"nonce": secrets.token_hex(16)} | bulk_answers(world))
    for file in ("csv", "xlsx"):
        url = reverse(f"{CASE}_export_records")
        visitor.post(url, {"_selected_action": world.foreign.pk, "format": file})
        visitor.post(url, {"format": file})
    assert visitor.leaks == []
    assert rows_of_case(world.foreign) == before


def rows_of_case(case: Case) -> Any:
    """What is stored of it; one's own cases may have changed meanwhile."""
    return trace(case.pk)[1:]


def bulk_answers(world: World) -> dict[str, Any]:
    return {"note": "请处理", "handler": world.there.specialist.pk, "team": world.there.back.pk}


def test_a_customer_both_serve_opens_no_foreign_case(visitor: Visitor) -> None:
    """The page of one's own case may say that the customer has others, not which."""
    world = visitor.world
    own = make_case(team=world.here.front, actor=world.here.agent, customer=world.foreign.customer)
    page = visitor.get(reverse(f"{CASE}_change", args=[own.pk]))
    assert page.status_code in {200, 403, 404}
    visitor.get(reverse(LIST), {"q": world.foreign.customer.number})
    visitor.get(reverse("admin:cases_customer_change", args=[world.foreign.customer_id]))
    told = [leak for leak in visitor.leaks if "canarycustomer" not in leak]
    assert told == []


def test_a_duplicate_of_a_foreign_case_is_refused_like_one_of_none(world: World) -> None:
    visitor = Visitor.as_staff(world, world.here.specialist)
    url = reverse(f"{CASE}_transition", args=[world.mine[State.HANDLING].pk, "mark_duplicate"])
    version = Case.objects.get(pk=world.mine[State.HANDLING].pk).version
    pages = []
    for number in (world.foreign.number, "CS20200101001"):
        form = {"other": number, "note": "重复", "expected_version": version, "nonce": secrets.token_hex(16)}
        response = visitor.post(url, form)
        assert response.status_code == 422
        pages.append(response.context_data["form"].errors)
    assert pages[0] == pages[1]
    assert visitor.leaks == []


def test_one_s_own_cases_are_there(world: World) -> None:
    """Without this the tests above would praise a site that shows nothing to anybody."""
    mine, people = world.mine, world.narrow_viewers()
    for name, state in {
        "agent": State.INTAKE,
        "specialist": State.HANDLING,
        "supporting specialist": State.HANDLING,
        "supervisor": State.ARCHIVE,
    }.items():
        visitor = Visitor.as_staff(world, people[name])
        page = visitor.get(reverse(f"{CASE}_change", args=[mine[state].pk]))
        assert mine[state].number in page.content.decode(), name
        assert mine[state].number in visitor.get(reverse(LIST)).content.decode(), name


def test_who_sees_everything_sees_the_foreign_case(overseer: Visitor) -> None:
    world = overseer.world
    page = overseer.get(reverse(f"{CASE}_change", args=[world.foreign.pk])).content.decode()
    assert CANARIES["product"] in page
    assert CANARY_MESSAGE in page
    assert CANARY_PHONE[3:] not in page, "contact data is masked for everybody"
    file = reverse("admin:cases_attachment_download", args=[world.foreign_file.pk])
    assert overseer.get(file).status_code == 200


@pytest.mark.one_database
def test_an_auditor_changes_nothing(world: World) -> None:
    visitor = Visitor.as_staff(world, world.here.auditor)
    some = (world.mine[State.HANDLING], world.mine[State.ARCHIVE], world.foreign)
    cases = [case.pk for case in some]
    before = trace(*cases)
    for case in some:
        for name in MOVES:
            visitor.post(reverse(f"{CASE}_transition", args=[case.pk, name]), answers(world))
        visitor.post(reverse(f"{CASE}_attach", args=[case.pk]), answers(world))
    for name in BULK:
        visitor.post(reverse(LIST), {"action": name, "_selected_action": cases, **bulk_answers(world)})
    assert trace(*cases) == before
