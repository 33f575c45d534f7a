"""What the page behind a link shows, in whose language, and what it never does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.utils import timezone
from structlog.testing import capture_logs

from cases.choices import ClockKind, ContactKind, Role, State
from cases.first_names import first_name
from cases.models import Case, EventKind, Notice, Timer
from cases.notices.expanding import work_out_announcements
from cases.notices.values import say_moment
from cases.services import transition_case
from config.structured_logging import RequestRecordMiddleware, hide_tokens
from tests.cases.acting import do
from tests.cases.customer.visiting import Visitor, counts, visitor, words_of
from tests.factories import ContactFactory, CustomerFactory, StaffFactory, TopicFactory
from tests.gateways import MailGateway
from tests.invariants import trace
from tests.scenes import Scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(scene: Scene) -> Case:
    customer = CustomerFactory(name="李小明", number="C9900")
    ContactFactory(customer=customer, value="+8613812345678")
    return scene.case(
        State.CONFIRMATION,
        customer=customer,
        description="收货人李小明，电话13812345678，北京路1号",
        topic=TopicFactory(name="派件太慢", name_en="Slow delivery"),
    )


@pytest.fixture
def page(case: Case) -> Visitor:
    return visitor(case)


def test_it_shows_case_result_and_proof_and_asks(case: Case, page: Visitor) -> None:
    text = page.text()
    for words in (case.number, "已补发", "物流单号XY", str(case.team), "派件太慢"):
        assert words in text
    body = page.get().content.decode()
    assert re.findall(r'name="solved" value="(\w+)"', body) == ["yes", "no"]
    assert re.findall(r'name="score" value="(\d)"', body) == ["5", "4", "3", "2", "1"]
    assert "checked" not in body


def test_nothing_personal_is_shown_but_the_first_name(scene: Scene, case: Case, page: Visitor) -> None:
    do(case, "contact_customer", scene.specialist, channel="phone", message="请到北京路1号取件")
    do(case, "add_note", scene.specialist, note="客户情绪激动，小心应对")
    text = page.text()
    assert "小明" in text
    people = (scene.agent, scene.specialist, scene.supervisor)
    hidden = ["李小明", "C9900", "13812345678", "138****5678", "北京路", "情绪激动", *map(str, people)]
    assert [words for words in hidden if words in text] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("李小明", "小明"),
        ("欧阳小明", "小明"),
        ("张三", ""),
        ("欧阳修", ""),
        ("李", ""),
        ("上海明光物流有限公司", ""),
        ("阿卜杜拉·买买提", "阿卜杜拉"),
        ("Anna Smith", "Anna"),
        ("Mr. John Smith", "John"),
        ("Dr. Jean-Luc Picard", "Jean-Luc"),
        ("Smith, Anna", "Anna"),
        ("O'Neill", "O'Neill"),
        ("Ångström", "Ångström"),
        ("13800001111", ""),
        ("a@example.com", ""),
        ("<b>Bob</b>", ""),
        ("Bob 13800001111", ""),
        ("", ""),
        ("  ", ""),
    ],
)
def test_the_first_name_is_told_from_the_name_or_left_out(name: str, shown: str) -> None:
    assert first_name(name) == shown


def test_it_speaks_the_language_of_the_customer_and_switches_by_the_link(scene: Scene) -> None:
    chinese = visitor(scene.case(State.CONFIRMATION, customer=CustomerFactory(language="zh-hans")))
    english = visitor(scene.case(State.CONFIRMATION, customer=CustomerFactory(language="en")))
    assert (
        '<html lang="zh-Hans">'
        in chinese.client.get(chinese.path, headers={"accept-language": "en"}).content.decode()
    )
    assert '<html lang="en">' in english.get().content.decode()
    assert '<html lang="en">' in chinese.get(lang="en").content.decode()
    assert '<html lang="zh-Hans">' in english.get(lang="zh-hans").content.decode()
    assert '<html lang="en">' in english.get(lang="fr").content.decode()
    answer = english.client.post(
        f"{english.path}?lang=zh-hans", {"nonce": english.nonce(), "solved": "yes", "score": 5}
    )
    assert answer.headers["Location"] == f"{english.path}?lang=zh-hans#answer"


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "patch", "post"])
def test_no_request_without_an_opened_page_changes_a_row(case: Case, page: Visitor, method: str) -> None:
    before, held = counts(), trace(case.pk)
    code = getattr(page.client, method)(page.path, {"solved": "yes", "score": "5"}).status_code
    assert code == {"get": 200, "head": 200, "post": 422}.get(method, 405)
    assert (counts(), trace(case.pk)) == (before, held)


def test_a_program_that_presses_the_button_of_the_page_answers_nothing(case: Case, page: Visitor) -> None:
    """All it finds filled in are the nonce and an empty comment."""
    before = counts()
    assert page.post(comment="").status_code == 422
    assert page.client.post(page.path, page.nonce(), content_type="text/plain").status_code == 422
    assert page.client.post(page.path, {"solved": "yes"}, content_type="application/json").status_code == 422
    assert counts() == before


def test_what_no_browser_sends_is_refused_alike_with_and_without_a_link(page: Visitor) -> None:
    broken = {"data": b"no parts", "content_type": "multipart/form-data; boundary=x; boundary"}
    large = {"data": {"nonce": "n" * 3_000_000}}
    many = {"data": {}, "query_params": {f"a{number}": "" for number in range(2001)}}
    for body in (broken, large, many):
        for path in (page.path, "/c/unknown/"):
            response = page.client.post(path, **body)
            assert response.status_code in (400, 404 if path == "/c/unknown/" else 422)
            assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded; charset=gbk",
        "application/x-www-form-urlencoded; charset=base64",
        "multipart/form-data; boundary=x; charset=base64",
        "multipart/form-data; boundary=x; charset=idna",
        "multipart/form-data; boundary=x; charset=utf-16",
        "multipart/form-data; boundary=x; charset=utf-7",
    ],
)
def test_an_encoding_no_browser_sends_is_answered_like_any_other_nonsense(
    kind: str, page: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    half = b'--x\r\nContent-Disposition: form-data; name="comment"\r\n\r\n+2AA-\r\n'
    part = half + b'--x\r\nContent-Disposition: form-data; name="solved"\r\n\r\nno\r\n--x--\r\n'
    body = part if kind.startswith("multipart") else b"solved=no&score=1"
    before = counts()
    for path in (page.path, "/c/unknown/"):
        for method in ("GET", "POST"):
            ours = {"Sec-Fetch-Site": "same-origin"}
            response = page.client.generic(method, path, body, content_type=kind, headers=ours)
            assert response.status_code == 400
            assert response.headers["Referrer-Policy"] == "no-referrer"
    assert counts() == before
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []


@pytest.mark.parametrize("path", ["/c/a%0A/b", "/c/a%0A/", "/c/%0A", "/c/a%0Db%E2%80%A8/c", "/c/a/b/"])
def test_whatever_begins_like_a_link_gets_the_one_answer_and_is_counted(path: str) -> None:
    known, client = Client().get("/c/unknown/"), Client(REMOTE_ADDR="203.0.113.7")
    answers = [client.get(path) for _n in range(21)]
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]
    assert answers[0].content == known.content
    assert answers[0].headers["Referrer-Policy"] == "no-referrer"
    assert answers[0].headers["Cache-Control"] == known.headers["Cache-Control"]


def test_a_nonce_is_good_for_its_own_link_and_for_a_day(scene: Scene, case: Case, page: Visitor) -> None:
    foreign = visitor(scene.case(State.CONFIRMATION)).nonce()
    sibling = visitor(case).nonce()
    mine = page.nonce()
    before = counts()
    for nonce in (foreign, sibling, mine + "x", mine.replace(":", "."), "x" * 300, "\x00"):
        page.client = Client(REMOTE_ADDR=f"203.0.113.{len(nonce) % 200}")
        assert page.post(nonce=nonce, solved="yes", score=5).status_code == 422
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert page.post(nonce=mine, solved="yes", score=5).status_code == 422
    assert counts() == before


@pytest.mark.parametrize(
    "answers",
    [
        {"solved": "maybe", "score": "5"},
        {"solved": "yes"},
        {"solved": "yes", "score": "6"},
        {"solved": "yes", "score": "0"},
        {"solved": "no", "score": "1e0"},
        {"solved": "no", "comment": "长" * 1001},
        {"solved": ["yes", "no"], "score": "5"},
        {"solved": ["no", "no"], "score": "1"},
        {"solved": "no", "score": ["5", "1"]},
        {"solved": "yes", "score": ["5", ""]},
    ],
)
def test_an_impossible_answer_is_said_to_be_one_and_what_was_typed_stays(
    case: Case, page: Visitor, answers: dict[str, str | list[str]]
) -> None:
    before = counts()
    response = page.post(**answers)
    body = response.content.decode()
    assert response.status_code == 422
    assert 'role="alert"' in body
    for link in re.findall(r'<li><a href="#([\w-]+)"', body):
        assert f'id="{link}"' in body
    if answers["solved"] == "yes":
        assert 'id="solved-yes" checked' in body
    assert counts() == before


def test_what_was_typed_is_shown_as_text(case: Case, page: Visitor) -> None:
    page.say(solved=True, score=5, comment="<script>alert(1)</script>\u202egpj.exe\x07")
    body = page.get().content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;gpj.exe" in body
    assert "<script" not in body


def test_after_a_dispute_it_says_who_will_call_and_by_when(
    scene: Scene, case: Case, page: Visitor, mail: MailGateway
) -> None:
    ContactFactory(customer=case.customer, kind=ContactKind.EMAIL, value="li@example.com")
    page.say(solved=False)
    text = page.text(lang="en")
    assert f"{scene.supervisor} will call you by" in text
    due_at = Timer.objects.running().get(case=case, kind=ClockKind.IMPROVEMENT_PLAN).due_at
    assert due_at
    assert f"{timezone.localtime(due_at):%B}"[:3] in text
    work_out_announcements()
    told = Notice.objects.get(case=case, customer__isnull=False, situation=EventKind.DISPUTE)
    assert say_moment(due_at) in told.body, "the mail promises the same moment"
    with time_machine.travel(due_at + timedelta(minutes=1)):
        assert "should have called you by" in page.text(lang="en")
    do(case, "submit_plan", scene.supervisor, plan="换承运商")
    assert "call you by" not in page.text(lang="en")


def test_without_a_handler_the_team_will_call(scene: Scene, case: Case, page: Visitor) -> None:
    for person in (scene.supervisor, scene.manager):
        person.is_active = False
        person.save()
    page.say(solved=False)
    assert f"{scene.back.name_en} will call you" in page.text(lang="en")


def test_the_earlier_link_shows_how_it_stands_and_after_a_day_no_form(case: Case, page: Visitor) -> None:
    page.say(solved=False, score=1)
    body = page.get(lang="en").content.decode()
    assert "<details" in body
    assert "Our earlier result" in body
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        late = page.get(lang="en").content.decode()
    assert "Our earlier result" in late
    assert "<form" not in late


@pytest.mark.parametrize("state", [state for state in State if state != State.CONFIRMATION])
def test_where_there_is_nothing_to_answer_there_is_no_form(scene: Scene, state: State) -> None:
    case = scene.case(state)
    case.rounds.update(answered_at=None)
    page = visitor(case)
    response = page.get()
    assert response.status_code == 200
    assert "<form" not in response.content.decode()


def test_a_case_that_waits_for_the_customer_says_so(scene: Scene) -> None:
    case = scene.case(State.HANDLING)
    page = visitor(case)
    assert "We promised to be done by" in page.text(lang="en")
    do(case, "wait_for", scene.specialist, waiting_for="customer")
    assert "We need something from you" in page.text(lang="en")


def test_an_answer_that_comes_too_late_is_told_how_it_stands_now(
    scene: Scene, case: Case, page: Visitor
) -> None:
    nonce = page.nonce()
    transition_case(case.pk, "withdraw", actor=scene.specialist, note="客户撤回")
    response = page.post(nonce=nonce, solved="yes", score=5, comment="<b>谢谢</b>")
    assert response.status_code == 409
    assert 'role="alert"' in response.content.decode()
    assert "&lt;b&gt;谢谢&lt;/b&gt;" in response.content.decode(), "what was written is not lost"


def every_answer(page: Visitor) -> list[object]:
    nonce = page.nonce()
    client = page.client
    return [
        page.get(),
        client.head(page.path),
        client.get("/c/unknown/"),
        client.put(page.path),
        client.post(page.path),
        page.post(nonce=nonce, solved="yes", score=5),
        page.post(nonce=nonce, solved="yes", score=5),
        page.post(solved="yes", score=4),
        *[client.get(page.path) for _n in range(20)][-1:],
    ]


def test_no_answer_is_kept_indexed_framed_or_told_about(page: Visitor) -> None:
    codes = []
    for response in every_answer(page):
        headers = response.headers  # type: ignore[attr-defined]
        codes.append(response.status_code)  # type: ignore[attr-defined]
        assert "no-store" in headers["Cache-Control"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
    assert codes == [200, 200, 404, 405, 422, 303, 303, 303, 429]


def test_no_cookie_is_set_and_none_is_read_whoever_is_logged_in(scene: Scene, case: Case) -> None:
    page = visitor(case)
    page.client.force_login(StaffFactory(role=Role.AGENT, language="en"))
    before = counts()
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        for response in every_answer(page):
            assert not response.cookies  # type: ignore[attr-defined]
            assert "Set-Cookie" not in response.headers  # type: ignore[attr-defined]
        assert '<html lang="zh-Hans">' in visitor(case, REMOTE_ADDR="203.0.113.9").get().content.decode()
    assert counts()["cases.StaffSession"] == before["cases.StaffSession"]


def test_the_page_needs_nothing_from_elsewhere_and_no_script(page: Visitor) -> None:
    for response in (page.get(), page.client.get("/c/unknown/")):
        body = response.content.decode()
        assert re.findall(r"https?://", body) == []
        assert re.findall(r"<script|<iframe|<img|style=|\son\w+=", body) == []


def test_no_line_of_the_log_holds_a_token(page: Visitor) -> None:
    token = page.path.split("/")[2]
    with capture_logs() as lines:
        page.get()
        page.client.get(f"{page.path}x")
        page.say(solved=True, score=5)
    assert lines
    assert token not in str(lines)
    for wrong in (f"/c/{token}", f"/c/{token}./", f"/C/{token}/", f"//c/{token}/x", f"/c/{token[:20]}"):
        request = RequestFactory().get("/")
        request.path = wrong
        assert token[:20] not in RequestRecordMiddleware.format_request(request)
    line = f'{{"event": "Not Found: /c/{token}/", "exception": "at /c/{token}"}}'
    assert token not in hide_tokens(None, "", line)


def test_the_page_costs_a_fixed_number_of_queries(
    scene: Scene, case: Case, page: Visitor, django_assert_max_num_queries: object
) -> None:
    for _n in range(10):
        do(case, "contact_customer", scene.specialist, channel="phone", message="已致电")
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        assert page.get().status_code == 200


def test_the_words_of_missing_pages_are_in_both_languages(page: Visitor) -> None:
    text = words_of(page.client.get("/c/unknown/"))  # type: ignore[arg-type]
    assert "This link does not work" in text
