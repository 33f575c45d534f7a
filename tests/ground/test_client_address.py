"""Whose address a request is counted under, where proxies stand in front."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from config.client_address import client_address

PEER = "192.0.2.1"


def address(rf: RequestFactory, forwarded: str) -> str:
    return client_address(rf.get("/", REMOTE_ADDR=PEER, HTTP_X_FORWARDED_FOR=forwarded))


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),
        ("unknown", PEER),
        ("_hidden:80", PEER),
        ("203.0.113.7:51234:80", PEER),
        ("[203.0.113.7", PEER),
        ("", PEER),
        ("203.0.113.7,", PEER),
    ],
)
def test_a_port_is_no_part_of_an_address(
    forwarded: str, expected: str, rf: RequestFactory, settings: Any
) -> None:
    """A client would have another one with each connection, and no throttle would hold it."""
    settings.PROXY_COUNT = 1
    assert address(rf, forwarded) == expected


def test_what_the_client_wrote_itself_counts_for_nothing(rf: RequestFactory, settings: Any) -> None:
    settings.PROXY_COUNT = 0
    assert address(rf, "203.0.113.7") == PEER
    settings.PROXY_COUNT = 2
    assert address(rf, "198.51.100.1, 203.0.113.7, 192.0.2.9") == "203.0.113.7"
    assert address(rf, "203.0.113.7") == PEER
