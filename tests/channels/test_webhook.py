"""A signed webhook, seen by the receiver that docs/webhooks.md describes."""

from __future__ import annotations

from pathlib import Path
from time import time
from typing import Any

import pytest

from cases.channels import webhook
from cases.channels.base import PermanentFailure, SendingFailure
from tests.channels.letters import KEY, letter
from tests.gateways import HttpGateway

SECRET = "a secret of the webhook"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


@pytest.fixture(scope="module")
def receiver() -> dict[str, Any]:
    """The names defined by the code in the documentation."""
    names: dict[str, Any] = {}
    code = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def test_the_receiver_of_the_documentation_believes_it(
    gateway: HttpGateway, receiver: dict[str, Any]
) -> None:
    webhook.send(letter("webhook", gateway.url, secret=SECRET, facts={"case": "CS20240101001"}))
    (delivery,) = gateway.journal.deliveries
    genuine = receiver["is_genuine"]
    assert genuine(SECRET, delivery.headers, delivery.body)
    assert not genuine("another secret", delivery.headers, delivery.body)
    assert not genuine(SECRET, delivery.headers, delivery.body + b" ")
    assert not genuine(SECRET, delivery.headers, delivery.body, now=time() + 301)
    assert delivery.key == KEY
    assert delivery.json == {
        "key": KEY,
        "subject": "工单 CS20240101001",
        "text": "请在今天联系客户。",
        "language": "zh-hans",
        "case": "CS20240101001",
    }


def test_without_a_secret_nothing_is_signed(gateway: HttpGateway) -> None:
    webhook.send(letter("webhook", gateway.url))
    assert "bihuan-signature" not in gateway.journal.deliveries[0].headers


def test_neither_the_secret_nor_the_text_is_in_what_goes_wrong(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.answer(500, "联系客户"))
    sent = letter("webhook", gateway.url, secret=SECRET)
    with pytest.raises(SendingFailure) as caught:
        webhook.send(sent)
    for words in (str(caught.value), repr(caught.value), repr(sent)):
        assert not any(part in words for part in (SECRET, "联系", "127.0.0.1"))


def test_a_status_is_an_answer_though_the_text_behind_it_never_ends(gateway: HttpGateway) -> None:
    gateway.behave(lambda talk: talk.drip())
    webhook.send(letter("webhook", gateway.url))
    gateway.behave(lambda talk: talk.drip(status=403))
    with pytest.raises(PermanentFailure, match="refused: 403"):
        webhook.send(letter("webhook", gateway.url))
    assert len(gateway.journal.deliveries) == 2
