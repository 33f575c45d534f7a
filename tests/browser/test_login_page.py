from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer


@pytest.mark.browser
def test_login_page_works_under_the_content_policy(
    live_server: LiveServer, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(f"{live_server.url}/")
    assert page.url.startswith(f"{live_server.url}/admin/login/")
    assert "闭环" in page.title()
    page.fill("input[name=username]", "nobody")
    page.fill("input[name=password]", "wrong")
    page.click("button[type=submit]")
    assert page.locator("input[name=username]").is_visible()
