"""EMAIL_URL: which server, which port, and whether TLS begins with the conversation or within it."""

from __future__ import annotations

from traceback import format_exception

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.outgoing import mail_settings


@pytest.mark.parametrize(
    ("url", "port", "starttls", "from_the_beginning"),
    [
        ("smtp://host", 25, False, False),
        ("smtp://host:2525", 2525, False, False),
        ("smtp+tls://host", 587, True, False),
        ("smtp+tls://host:25", 25, True, False),
        ("smtps://host", 465, False, True),
        ("SMTPS://host:465", 465, False, True),
        ("smtps://host:994", 994, False, True),
        ("smtp+ssl://host", 465, False, True),
        ("smtp+ssl://host:465", 465, False, True),
        ("smtp://host?EMAIL_USE_TLS=1", 25, True, False),
    ],
)
def test_the_scheme_says_how_the_server_is_spoken_to(
    url: str, port: int, starttls: bool, from_the_beginning: bool
) -> None:
    said = mail_settings(url)
    assert (said["EMAIL_HOST"], said["EMAIL_PORT"]) == ("host", port)
    assert (said["EMAIL_USE_TLS"], said["EMAIL_USE_SSL"]) == (starttls, from_the_beginning)
    assert said["EMAIL_BACKEND"] == "cases.channels.smtp.DeadlineBackend"


def test_name_and_password_are_percent_decoded() -> None:
    said = mail_settings("smtps://cases%40example.com:p%40ss%2Fword@smtp.example.com")
    assert (said["EMAIL_HOST_USER"], said["EMAIL_HOST_PASSWORD"]) == ("cases@example.com", "p@ss/word")


def test_without_a_url_there_is_no_server() -> None:
    assert mail_settings("")["EMAIL_HOST"] == ""


def test_a_backend_without_a_server_needs_no_host() -> None:
    assert mail_settings("consolemail://")["EMAIL_BACKEND"].endswith("console.EmailBackend")


@pytest.mark.parametrize(
    "url",
    [
        "smtp.example.com:587",
        "smpt://name:hidden@host:25",
        "https://name:hidden@host",
        "smtp+tls://name:hidden/@host:587",
        "smtp+tls://name:hidden@host:port",
        "smtp+tls://name:hidden@host:99999",
        "smtp://",
        "smtp:host",
        "smtp+tls://name:hidden@host?EMAIL_USE_SSL=1",
        "smtp://[::1",
    ],
)
def test_nonsense_is_named_and_not_repeated(url: str) -> None:
    """A password with a character that ends an address would else stand in the error."""
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as caught:
        mail_settings(url)
    assert "hidden" not in "".join(format_exception(caught.value))
