"""The robots: signed as their makers say, and believed only by the number in their answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cases.channels import dingtalk, feishu, wecom
from cases.channels.base import Letter, PermanentFailure, TemporaryFailure
from tests.channels.letters import letter
from tests.gateways import Delivery, HttpGateway

SECRET = "SEC0123456789"
MODULES: dict[str, ModuleType] = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu}
SENDERS: dict[str, Callable[[Letter], None]] = {
    "wecom": wecom.send,
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
}
every_robot = pytest.mark.parametrize("name", SENDERS)


def robot(name: str, gateway: HttpGateway, secret: str = "", **more: str) -> None:
    SENDERS[name](letter(name, f"{gateway.url}?access_token=t", secret=secret, **more))


def hashed(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_wecom_gets_a_text(gateway: HttpGateway) -> None:
    robot("wecom", gateway)
    (delivery,) = gateway.journal.deliveries
    text = "工单 CS20240101001\n请在今天联系客户。"
    assert delivery.json == {"msgtype": "text", "text": {"content": text}}


def test_dingtalk_is_signed_in_the_address(gateway: HttpGateway) -> None:
    robot("dingtalk", gateway, SECRET)
    query = parse_qs(urlsplit(gateway.journal.deliveries[0].path).query)
    (timestamp,) = query["timestamp"]
    assert query["access_token"] == ["t"]
    assert query["sign"] == [hashed(SECRET, f"{timestamp}\n{SECRET}")]
    assert len(timestamp) == 13


def test_a_signature_of_dingtalk_survives_the_address() -> None:
    """Base64 has + and /, which mean something else in an address."""
    signs = [parse_qs(dingtalk.signed("https://x/", SECRET, n).partition("?")[2])["sign"] for n in range(200)]
    assert any("+" in sign[0] for sign in signs)
    assert signs == [[hashed(SECRET, f"{n}\n{SECRET}")] for n in range(200)]


def test_feishu_is_signed_in_the_body(gateway: HttpGateway) -> None:
    robot("feishu", gateway, SECRET)
    said = gateway.journal.deliveries[0].json
    assert said["sign"] == hashed(f"{said['timestamp']}\n{SECRET}", "")
    assert len(said["timestamp"]) == 10
    assert said["msg_type"] == "text"


def test_nobody_can_have_feishu_call_everybody(gateway: HttpGateway) -> None:
    robot("feishu", gateway, body='你好 <at user_id="all">所有人</at> < AT id=all></AT>')
    text = gateway.journal.deliveries[0].json["content"]["text"]
    assert "<at" not in text
    assert "</at" not in text.lower()


@every_robot
def test_unsigned_robots_work_too(name: str, gateway: HttpGateway) -> None:
    robot(name, gateway)
    assert "sign" not in str(gateway.journal.deliveries[0])


@every_robot
def test_a_text_that_is_too_long_is_cut_off_between_characters(name: str, gateway: HttpGateway) -> None:
    robot(name, gateway, body="客" * 30_000)
    assert len(gateway.journal.deliveries[0].body) < 20_000
    assert "…" in gateway.journal.deliveries[0].body.decode()


def text_in(delivery: Delivery) -> str:
    said = delivery.json
    return str(said["content"]["text"] if "content" in said else said["text"]["content"])


@every_robot
@pytest.mark.parametrize("more", range(4))
def test_a_text_that_is_too_long_keeps_the_page_of_the_case(
    name: str, more: int, gateway: HttpGateway, settings: Any
) -> None:
    """Half of its address would be the page of another case."""
    settings.SITE_URL = "https://cases.example.com"
    page = "https://cases.example.com/admin/cases/case/12345/change/"
    body = f"结果：{'x' * more}{'客' * 30_000}\n{page}\nCS20240101002"
    robot(name, gateway, subject="CS20240101002", body=body)
    text = text_in(gateway.journal.deliveries[0])
    most: int = MODULES[name].MOST_BYTES
    assert most - 4 < len(text.encode()) <= most
    assert text.startswith("CS20240101002\n结果：")
    assert text.endswith(f"客…\n{page}\nCS20240101002")


REFUSED = {"wecom": ("errcode", 93000), "dingtalk": ("errcode", 310000), "feishu": ("code", 19021)}
BUSY = {"wecom": ("errcode", 45009), "dingtalk": ("errcode", 130101), "feishu": ("code", 9499)}


@every_robot
def test_an_error_in_a_good_answer_is_a_failure(name: str, gateway: HttpGateway) -> None:
    field, code = REFUSED[name]
    gateway.behave(lambda talk: talk.answer(200, {field: code, "errmsg": "key SEC0123456789"}))
    with pytest.raises(PermanentFailure, match=f"refused: {code}") as caught:
        robot(name, gateway, SECRET)
    assert SECRET not in str(caught.value)


@every_robot
def test_too_many_messages_are_sent_later(name: str, gateway: HttpGateway) -> None:
    field, code = BUSY[name]
    gateway.behave(lambda talk: talk.answer(200, {field: code}))
    with pytest.raises(TemporaryFailure, match=f"busy: {code}"):
        robot(name, gateway)


@every_robot
@pytest.mark.parametrize(
    "lie",
    [b"", b"ok", b"<html>", b"[]", b"0", b"{}", b'{"errcode": "0", "code": "0"}', b'{"errcode": false}'],
)
def test_an_answer_that_is_not_understood_is_no_success(name: str, lie: bytes, gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(200, lie))
    with pytest.raises(TemporaryFailure, match="not_understood"):
        robot(name, gateway)


def test_feishu_must_not_contradict_itself(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(200, {"StatusCode": 0, "code": 19024}))
    with pytest.raises(PermanentFailure, match="19024"):
        robot("feishu", gateway)
