"""What a browser does: keeps cookies, fills in forms, follows where it is sent. No more than that."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
NAME, VALUE = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')
PATIENCE = 20  # seconds


@dataclass(frozen=True)
class Answer:
    """``status`` 0: nobody answered, or not to the end. ``url`` is where it led."""

    status: int
    url: str = ""
    body: str = ""

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the forms on the page."""
        found = {}
        for tag in HIDDEN.findall(self.body):
            name, value = NAME.search(tag), VALUE.search(tag)
            if name:
                found[name.group(1)] = value.group(1) if value else ""
        return found


class Browser:
    """One person at the site; without a name a customer, who has no login."""

    def __init__(self, site: str, username: str = "", password: str = "") -> None:
        self.site, self.username, self.password = site, username, password
        self._forget()

    def _forget(self) -> None:
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        proxies = urllib.request.ProxyHandler({})
        self._opener = urllib.request.build_opener(cookies, proxies)

    def get(self, path: str) -> Answer:
        return self._open(path, None)

    def post(self, path: str, fields: dict[str, Any]) -> Answer:
        return self._open(path, urllib.parse.urlencode(fields, doseq=True).encode())

    def log_in(self) -> bool:
        self._forget()
        page = self.get("/admin/login/")
        fields = {**page.hidden, "username": self.username, "password": self.password, "next": "/admin/"}
        return self.post("/admin/login/", fields).status == 200 and "/login/" not in self.get("/admin/").url

    def send_form(self, path: str, fields: dict[str, Any]) -> Answer:
        """Open the page of a form and send it, logging in where the session has ended."""
        page = self.get(path)
        if "/login/" in page.url and self.username and self.log_in():
            page = self.get(path)
        return self.post(path, {**page.hidden, **fields}) if page.status == 200 else page

    def _open(self, path: str, body: bytes | None) -> Answer:
        url = path if path.startswith("http") else self.site + path
        request = urllib.request.Request(url, body, {"Referer": url})
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, answer.url, answer.read().decode(errors="replace"))
        except urllib.error.HTTPError as refused:
            return Answer(refused.code, url, refused.read().decode(errors="replace"))
        except (OSError, HTTPException):
            return Answer(0, url)


def answers(site: str) -> bool:
    return Browser(site).get("/healthz").status == 200
