"""Text messages through any gateway: what is posted is a template with placeholders from a list."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cases.channels import sms
from cases.channels.base import PermanentFailure, TemporaryFailure
from tests.channels.letters import KEY, letter
from tests.gateways import HttpGateway

BODY = {
    "to": "{phone}",
    "short": "{national}",
    "content": "【闭环】{text}",
    "id": "{key}",
    "n": [1, "{secret}"],
}


def text(gateway: HttpGateway, options: Any, body: str = "请确认结果") -> None:
    sms.send(letter("sms", "+8613812345678", url=gateway.url, options=options, secret="api-key", body=body))


def test_json_is_filled_wherever_it_holds_a_text(gateway: HttpGateway) -> None:
    text(gateway, {"body": BODY, "headers": {"Authorization": "Bearer {secret}", "X-Id": "{key}"}})
    (delivery,) = gateway.journal.deliveries
    filled = {"to": "+8613812345678", "short": "13812345678", "content": "【闭环】请确认结果"}
    assert delivery.json == {**filled, "id": KEY, "n": [1, "api-key"]}
    assert delivery.headers["authorization"] == "Bearer api-key"
    assert delivery.headers["x-id"] == KEY


def test_a_form_and_a_query_are_escaped(gateway: HttpGateway) -> None:
    fields = {"to": "{phone}", "text": "{text}"}
    text(gateway, {"body": fields, "format": "form"}, body="a&b=c 客户")
    text(gateway, {"body": fields, "method": "GET"}, body="a&b=c 客户")
    form, query = gateway.journal.deliveries
    expected = {"to": ["+8613812345678"], "text": ["a&b=c 客户"]}
    assert parse_qs(form.body.decode()) == parse_qs(urlsplit(query.path).query) == expected


def test_what_is_filled_in_is_not_filled_again(gateway: HttpGateway) -> None:
    text(gateway, {"body": {"text": "{text}"}}, body="{secret} {phone}")
    assert gateway.journal.deliveries[0].json == {"text": "{secret} {phone}"}


def test_a_long_text_keeps_the_customers_link(gateway: HttpGateway, settings: Any) -> None:
    settings.SITE_URL = "https://service.example.com"
    link = "https://service.example.com/c/token/"
    text(
        gateway,
        {"body": {"text": "{text}"}},
        body=f"结果：{'长' * 600}\n请确认：\n{link}\n\n服务单号：CS20261127001",
    )
    said = gateway.journal.deliveries[0].json["text"]
    assert len(said) == sms.LONGEST
    assert said.endswith(f"长…\n请确认：\n{link}\n\n服务单号：CS20261127001")


def test_a_gateway_by_get_takes_as_long_a_text_as_one_by_post(gateway: HttpGateway) -> None:
    options = {"body": {"to": "{phone}", "text": "{text}"}, "method": "GET"}
    text(gateway, options, body="长" * sms.LONGEST)
    (delivery,) = gateway.journal.deliveries
    assert parse_qs(urlsplit(delivery.path).query)["text"] == ["长" * sms.LONGEST]
    with pytest.raises(PermanentFailure, match="too_long: "):
        text(gateway, options | {"body": {"a": "{text}", "b": "{text}"}}, body="长" * sms.LONGEST)
    assert len(gateway.journal.deliveries) == 1


@pytest.mark.parametrize("ending", ["?user=a", "?user=a#part", "#part", "?"])
def test_the_query_stands_behind_that_of_the_address(ending: str, gateway: HttpGateway) -> None:
    options = {"body": {"text": "{text}"}, "method": "GET"}
    sms.send(letter("sms", "+8613812345678", url=f"{gateway.url}{ending}", options=options, body="x"))
    wanted = "/hook?user=a&text=x" if "user" in ending else "/hook?text=x"
    assert gateway.journal.deliveries[0].path == wanted


ZERO = {"field": "code", "values": [0]}


@pytest.mark.parametrize(
    ("success", "answer"),
    [
        ({}, (200, {"code": 1})),
        ({"field": "code", "values": [0, "0"]}, (200, {"code": 0})),
        ({"field": "code", "values": [0, "0"]}, (200, {"code": "0"})),
        ({"field": "data.code", "values": ["OK"]}, (200, {"data": {"code": "OK"}})),
        ({"field": "ok", "values": [True]}, (200, {"ok": True})),
        ({"statuses": [201]}, (201, {})),
        ({"statuses": [404]}, (404, {})),
    ],
)
def test_how_a_gateway_says_that_it_took_it(
    gateway: HttpGateway, success: Any, answer: tuple[int, Any]
) -> None:
    gateway.behave(lambda talk: talk.answer(*answer))
    text(gateway, {"body": {"text": "{text}"}, "success": success})
    assert len(gateway.journal.deliveries) == 1


@pytest.mark.parametrize(
    ("success", "answer", "cause"),
    [
        (ZERO, (200, {"code": 7}), "refused: 7"),
        ({"field": "data.code", "values": ["OK"]}, (200, {"data": {"code": "a text of theirs"}}), "refused"),
        ({"field": "ok", "values": [True]}, (200, {"ok": False}), "refused"),
        ({}, (400, {}), "refused: 400"),
    ],
)
def test_a_refusal_is_final_and_an_answer(
    gateway: HttpGateway, success: Any, answer: tuple[int, Any], cause: str
) -> None:
    gateway.behave(lambda talk: talk.answer(*answer))
    with pytest.raises(PermanentFailure) as caught:
        text(gateway, {"body": {"text": "{text}"}, "success": success})
    assert (caught.value.cause, caught.value.answered) == (cause, True)


@pytest.mark.parametrize(
    ("success", "answer"),
    [
        (ZERO, (200, "<html>maintenance</html>")),
        (ZERO, (200, '{"code": 0, "te')),
        (ZERO, (200, "")),
        (ZERO, (200, {})),
        (ZERO, (200, {"code": None})),
        (ZERO, (200, {"code": False})),
        (ZERO, (200, {"code": "0"})),
        (ZERO, (200, {"code": [0]})),
        ({"field": "ok", "values": [True]}, (200, {"ok": 1})),
        ({"field": "data.code", "values": ["OK"]}, (200, {"data": []})),
        ({"statuses": [201]}, (200, {})),
    ],
)
def test_what_is_not_understood_is_tried_again_and_no_success_for_the_breaker(
    gateway: HttpGateway, success: Any, answer: tuple[int, Any]
) -> None:
    gateway.behave(lambda talk: talk.answer(*answer))
    with pytest.raises(TemporaryFailure, match="not_understood") as caught:
        text(gateway, {"body": {"text": "{text}"}, "success": success})
    assert not caught.value.answered


@pytest.mark.parametrize(("code", "cause"), [(22, "busy: 22"), ("LIMIT", "busy")])
def test_a_gateway_may_say_later_by_a_value(code: Any, cause: str, gateway: HttpGateway) -> None:
    options = {"body": {"text": "{text}"}, "success": ZERO, "busy": [22, "LIMIT"]}
    gateway.behave(lambda talk: talk.answer(200, {"code": code}))
    with pytest.raises(TemporaryFailure) as caught:
        text(gateway, options)
    assert caught.value.cause == cause
    gateway.behave(lambda talk: talk.answer(200, {"code": 23}))
    with pytest.raises(PermanentFailure, match="refused: 23"):
        text(gateway, options)


def test_a_gateway_that_is_down_is_tried_again(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(502))
    with pytest.raises(TemporaryFailure, match="busy: 502"):
        text(gateway, {"body": {"text": "{text}"}})


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_where_the_status_alone_says_it_the_text_behind_it_need_not_end(
    method: str, gateway: HttpGateway
) -> None:
    options = {"body": {"text": "{text}"}, "method": method}
    gateway.behave(lambda talk: talk.drip())
    text(gateway, options | {"success": {"statuses": [200]}})
    with pytest.raises(TemporaryFailure, match="too_slow"):
        text(gateway, options | {"success": ZERO | {"statuses": [200]}})


WRONG: list[tuple[str, Any]] = [
    ("options", ["a list"]),
    ("body", {}),
    ("body", {"body": "a text"}),
    ("body", {"body": {"text": "{name}"}}),
    ("body", {"body": {"text": {"deep": ["{0}"]}}}),
    ("method", {"body": {}, "method": "DELETE"}),
    ("format", {"body": {}, "format": "xml"}),
    ("headers", {"body": {}, "headers": {"X": "a\r\nY: b"}}),
    ("headers", {"body": {}, "headers": {"X": "{phone}"}}),
    ("headers", {"body": {}, "headers": []}),
    ("success", {"body": {}, "success": {"field": "code"}}),
    ("success", {"body": {}, "success": {"statuses": ["200"]}}),
    ("success", {"body": {}, "success": {"field": "code", "values": [None]}}),
    ("success", {"body": {}, "success": {"field": "code", "values": [[0]]}}),
    ("busy", {"body": {}, "busy": [22]}),
    ("busy", {"body": {}, "success": {"statuses": [200]}, "busy": [22]}),
    ("busy", {"body": {}, "success": ZERO, "busy": 22}),
    ("busy", {"body": {}, "success": ZERO, "busy": [{}]}),
    ("timeout", {"body": {}, "timeout": 100}),
]


@pytest.mark.parametrize(("part", "options"), WRONG)
def test_wrong_options_are_named_and_nothing_is_sent(part: str, options: Any, gateway: HttpGateway) -> None:
    assert part in sms.problems_of(options)
    with pytest.raises(PermanentFailure, match="not_set_up"):
        text(gateway, options)
    assert gateway.journal.deliveries == []


def test_success_is_said_by_a_field_or_by_statuses_alone() -> None:
    for success in (ZERO, {"statuses": [200]}, ZERO | {"statuses": [200]}):
        assert sms.says_what_success_is({"success": success})
    nothing: list[Any] = [{}, {"statuses": []}, {"field": ""}]
    for silent in nothing:
        assert not sms.says_what_success_is({"success": silent})
    assert not sms.says_what_success_is({})
