from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, connections
from django.test import Client, override_settings
from django.utils import timezone

from cases.choices import State
from cases.models import Throttle
from cases.services.throttling import PAGES_OF_AN_ADDRESS, Limit, household, knock
from tests.cases.customer.visiting import visitor
from tests.scenes import Scene

pytestmark = pytest.mark.django_db
LIMIT = Limit("test", 3, timedelta(minutes=1))


def test_as_many_as_allowed_pass_and_the_next_is_told_how_long_to_wait() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [knock(LIMIT, "a") for _n in range(3)] == [0, 0, 0]
        clock.shift(20)
        assert knock(LIMIT, "a") == 40
        clock.shift(39)
        assert knock(LIMIT, "a") == 1
        clock.shift(1)
        assert knock(LIMIT, "a") == 0


def test_refused_knocks_do_not_make_the_wait_longer() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _n in range(100):
            knock(LIMIT, "a")
        clock.shift(60)
        assert knock(LIMIT, "a") == 0


def test_each_has_a_count_of_their_own_under_a_name_that_tells_nobody_who() -> None:
    for address in ("203.0.113.7", "203.0.113.8"):
        assert [knock(LIMIT, address) for _n in range(3)] == [0, 0, 0]
    keys = list(Throttle.objects.values_list("key", flat=True))
    assert len(keys) == 2
    assert not any("203" in key[:12] for key in keys)
    with override_settings(SECRET_KEY="another key, long enough to be one"):
        knock(LIMIT, "203.0.113.7")
    assert Throttle.objects.count() == 3


@pytest.mark.parametrize(
    ("address", "whom"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_household_is_an_address_or_a_network_of_64_bits(address: str, whom: str) -> None:
    assert household(address) == whom


def test_the_21st_request_of_a_minute_waits_whatever_it_asks_for(scene: Scene) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        codes = [page.client.get("/c/guess/" if n % 2 else page.path).status_code for n in range(20)]
        assert set(codes) == {200, 404}
        asked, looked, answered = (
            page.get(),
            page.client.head(page.path),
            page.client.post("/c/guess/"),
        )
        for refused in (asked, looked, answered):
            assert refused.status_code == 429
            assert refused.headers["Retry-After"] == "60"
        assert "your answer is sent once more" in answered.content.decode()
        assert "open the link again" in asked.content.decode()
        assert visitor(scene.case(State.CONFIRMATION), REMOTE_ADDR="203.0.113.9").get().status_code == 200
        clock.shift(60)
        assert page.get().status_code == 200


@override_settings(PROXY_COUNT=1)
def test_behind_a_proxy_the_address_it_saw_counts_and_not_what_the_client_wrote(scene: Scene) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    for n in range(20):
        page.client.get(page.path, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"})
    spoofed = page.client.get(page.path, headers={"X-Forwarded-For": "198.51.100.99, 203.0.113.7"})
    other = page.client.get(page.path, headers={"X-Forwarded-For": "203.0.113.8"})
    assert (spoofed.status_code, other.status_code) == (429, 200)


def test_scanners_elsewhere_do_not_lock_the_customer_out(scene: Scene) -> None:
    page = visitor(scene.case(State.CONFIRMATION))
    scanner = Client(REMOTE_ADDR="198.51.100.1")
    for _n in range(30):
        scanner.get(page.path)
        scanner.post(page.path, {"solved": "yes", "score": "5"})
    page.say(solved=True, score=5)


def test_a_link_takes_ten_words_an_hour(scene: Scene) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page = visitor(scene.case(State.CONFIRMATION))
        codes = []
        for n in range(12):
            page.client = Client(REMOTE_ADDR=f"203.0.113.{n}")
            codes.append(page.post(solved="yes", score=3 + n % 3).status_code)
        assert codes == [303] * 10 + [429] * 2
        for minutes in (60, 1):
            refused = page.post(solved="yes", score=4, comment="第十三次<b>")
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(minutes * 60))
            body = refused.content.decode()
            assert "第十三次&lt;b&gt;</textarea>" in body, "what was written stays in the form"
            assert f"请等待{minutes}分钟" in body
            clock.shift(timedelta(minutes=59))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_fifty_knocks_at_once_exactly_twenty_pass() -> None:
    def one(_n: int) -> int:
        try:
            return knock(PAGES_OF_AN_ADDRESS, "203.0.113.7")
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        waits = list(pool.map(one, range(50)))
    assert waits.count(0) == 20
    connections.close_all()
