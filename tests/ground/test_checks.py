from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings

from config.checks import check_broker, check_mail, check_site_url


def ids(found: list[Any]) -> list[str]:
    return [problem.id for problem in found]


@pytest.mark.parametrize(
    ("cache", "found"),
    [
        ("redis://cache.example.com:6379/1", []),
        ("redis://127.0.0.1:6380/0", []),
        ("redis://127.0.0.1:6379/1", ["bihuan.E003"]),  # another number is the same server
        (["redis://127.0.0.1/2", "redis://cache.example.com"], ["bihuan.E003"]),
        ("", []),
    ],
)
def test_a_cache_never_shares_the_brokers_server(
    cache: str | list[str], found: list[str], settings: LazySettings
) -> None:
    settings.REDIS_URL = "redis://:secret@127.0.0.1:6379/0"
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": cache}}
    assert ids(check_broker(None)) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://service.example.com", []),
        ("http://127.0.0.1:8000", []),
        ("http://service.example.com", ["bihuan.E002"]),
        ("service.example.com", ["bihuan.E001"]),
        ("ftp://service.example.com", ["bihuan.E001"]),
    ],
)
def test_links_lead_to_where_the_site_is(url: str, found: list[str], settings: LazySettings) -> None:
    settings.SITE_URL, settings.SECURE_SSL_REDIRECT = url, True
    settings.ALLOWED_HOSTS = ["127.0.0.1", "[::1]"]
    assert ids(check_site_url(None)) == found


@pytest.mark.parametrize(
    ("hosts", "url", "found"),
    [
        (["localhost", "[::1]"], "http://127.0.0.1:8000", []),
        (["localhost", "service.example.com"], "http://127.0.0.1:8000", ["bihuan.E004"]),
        ([".example.com"], "https://localhost", ["bihuan.E004"]),
        (["service.example.com"], "https://service.example.com", []),
    ],
)
def test_a_site_that_others_reach_sends_no_links_to_this_machine(
    hosts: list[str], url: str, found: list[str], settings: LazySettings
) -> None:
    settings.ALLOWED_HOSTS, settings.SITE_URL = hosts, url
    assert ids(check_site_url(None)) == found


@pytest.mark.parametrize(
    ("site", "host", "outgoing", "found"),
    [
        ("https://service.example.com", "", "send", ["bihuan.W004"]),
        ("https://service.example.com", "smtp.example.com", "send", []),
        ("https://service.example.com", "", "catch", []),  # has a warning of its own
        ("http://127.0.0.1:8000", "", "send", []),
        ("http://[::1]:8000", "", "send", []),
    ],
)
def test_a_site_that_others_reach_has_a_mail_server(
    site: str, host: str, outgoing: str, found: list[str], settings: LazySettings
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "cases.channels.smtp.DeadlineBackend", host
    settings.SITE_URL, settings.OUTGOING = site, outgoing
    assert ids(check_mail(None)) == found
