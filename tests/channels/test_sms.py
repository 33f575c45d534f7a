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


@pytest.mark.parametrize(
    ("success", "answer", "taken"),
    [
        ({}, (200, {"code": 1}), True),
        ({"field": "code", "values": [0, "0"]}, (200, {"code": 0}), True),
        ({"field": "code", "values": [0, "0"]}, (200, {"code": "0"}), True),
        ({"field": "code", "values": [0]}, (200, {"code": 7}), False),
        ({"field": "code", "values": [0]}, (200, {}), False),
        ({"field": "code", "values": [0]}, (200, "no json"), False),
        ({"field": "data.code", "values": ["OK"]}, (200, {"data": {"code": "OK"}}), True),
        ({"field": "data.code", "values": ["OK"]}, (200, {"data": []}), False),
        ({"field": "data", "values": ["OK"]}, (200, {"data": ["OK"]}), False),
        ({"statuses": [201]}, (201, {}), True),
        ({"statuses": [201]}, (200, {}), False),
    ],
)
def test_how_a_gateway_says_that_it_took_it(
    gateway: HttpGateway, success: Any, answer: tuple[int, Any], taken: bool
) -> None:
    gateway.behave(lambda talk: talk.answer(*answer))
    options = {"body": {"text": "{text}"}, "success": success}
    if taken:
        text(gateway, options)
        return
    with pytest.raises(PermanentFailure, match="refused"):
        text(gateway, options)


def test_a_gateway_that_is_down_is_tried_again(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(502))
    with pytest.raises(TemporaryFailure, match="busy: 502"):
        text(gateway, {"body": {"text": "{text}"}})


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
    ("timeout", {"body": {}, "timeout": 100}),
]


@pytest.mark.parametrize(("part", "options"), WRONG)
def test_wrong_options_are_named_and_nothing_is_sent(part: str, options: Any, gateway: HttpGateway) -> None:
    assert part in sms.problems_of(options)
    with pytest.raises(PermanentFailure, match="not_set_up"):
        text(gateway, options)
    assert gateway.journal.deliveries == []
