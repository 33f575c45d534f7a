from __future__ import annotations

import pytest
from django.test import Client, override_settings

from cases.choices import Role
from tests.factories import PASSWORD, StaffFactory

pytestmark = pytest.mark.django_db

PAGES = (
    "/admin/",
    "/admin/cases/customer/",
    "/admin/cases/customer/add/",
    "/admin/password_change/",
    "/admin/jsi18n/",
)


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(StaffFactory(role=Role.AGENT))
    return client


@pytest.mark.parametrize("path", [*PAGES, "/admin/nowhere/"])
def test_no_page_is_kept_framed_guessed_at_or_told_about(client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", [*PAGES, "/admin/login/"])
def test_no_page_runs_a_script_that_is_not_ours(client: Client, path: str) -> None:
    policy = client.get(path).headers["Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in rules["script-src"]
    assert rules["object-src"] == rules["frame-ancestors"] == ["'none'"]
    assert rules["base-uri"] == rules["form-action"] == ["'self'"]


def test_the_login_page_is_not_kept_either() -> None:
    assert "no-store" in Client().get("/admin/login/").headers["Cache-Control"]


def test_the_cookie_of_the_session_is_hidden_from_scripts_and_other_sites() -> None:
    staff = StaffFactory(role=Role.AGENT)
    staff.set_password(PASSWORD)
    staff.save()
    data = {"username": staff.username, "password": PASSWORD}
    cookie = Client().post("/admin/login/", data).cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=31_536_000)
def test_a_plain_request_is_sent_to_https_and_told_to_stay_there(client: Client) -> None:
    answer = client.get("/admin/")
    assert answer.status_code == 301
    assert (
        client.get("/admin/", secure=True).headers["Strict-Transport-Security"].startswith("max-age=31536000")
    )
