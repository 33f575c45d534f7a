"""
How often somebody may knock, counted in the database: no cache to empty, the same for every process.

A window begins with the first knock in it and is not made longer by refused ones. Only a keyed hash of an
address is kept, and IPv6 addresses count by their network of 64 bits, which is what one household has.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.db import connection
from django.utils.crypto import salted_hmac

from cases.clock import database_now
from cases.models import Throttle

COUNT_ONE_MORE = """
    INSERT INTO cases_throttle (key, window_at, count) VALUES (%(key)s, %(now)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN cases_throttle.window_at <= %(over)s THEN 1 ELSE cases_throttle.count + 1 END,
        window_at = CASE WHEN cases_throttle.window_at <= %(over)s THEN %(now)s
                         ELSE cases_throttle.window_at END
    RETURNING count, window_at
"""


@dataclass(frozen=True)
class Limit:
    """At most ``count`` within ``window``."""

    name: str
    count: int
    window: timedelta


PAGES_OF_AN_ADDRESS = Limit("pages", 20, timedelta(minutes=1))  # paper 5, S7
WORDS_OF_A_LINK = Limit("words", 10, timedelta(hours=1))


def knock(limit: Limit, whom: str) -> int:
    """
    Count one more; 0 when it is within the limit, else the seconds to wait, at least 1.

    One statement, atomic on both databases: of any number of knocks at once exactly ``count`` pass.
    """
    now, adapt = database_now(), connection.ops.adapt_datetimefield_value
    values = {"key": key_of(limit, whom), "now": adapt(now), "over": adapt(now - limit.window)}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ONE_MORE, values)
        count, _window_at = cursor.fetchone()
    if count <= limit.count:
        return 0
    began = Throttle.objects.values_list("window_at", flat=True).get(key=values["key"])
    return max(1, ceil((began + limit.window - now).total_seconds()))


def key_of(limit: Limit, whom: str) -> str:
    return f"{limit.name}:{salted_hmac('cases.throttle', whom, algorithm='sha256').hexdigest()}"


def household(address: str) -> str:
    """Who shares a limit: an IPv4 address, or the network an IPv6 address is in."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
