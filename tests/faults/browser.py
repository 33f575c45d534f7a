"""What a browser does: keeps cookies, fills in forms, sends files, follows where it is sent. No more."""

from __future__ import annotations

import random
import re
import secrets
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field, replace
from email.message import Message
from http.client import HTTPConnection, HTTPException
from http.cookiejar import CookieJar
from typing import Any

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')
NAME, VALUE = re.compile(r'name="([^"]+)"'), re.compile(r'value="([^"]*)"')
CASE_NUMBER = re.compile(r"CS\d{11,}")
LOGIN = "/admin/login/"
PATIENCE = 20  # seconds
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """``status`` 0: nobody answered, or not to the end. ``url`` is where it led."""

    status: int
    url: str = ""
    body: str = ""
    headers: Message = field(default_factory=Message, repr=False)
    size: int = 0  # bytes of the body

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of the forms on the page."""
        found = {}
        for tag in HIDDEN.findall(self.body):
            name, value = NAME.search(tag), VALUE.search(tag)
            if name:
                found[name.group(1)] = value.group(1) if value else ""
        return found

    @property
    def is_refusal(self) -> bool:
        """Whether a person is told in words that nothing was saved."""
        return self.status in (409, 422)


@dataclass(frozen=True)
class Request:
    """When it was made, by the monotonic clock, and the seconds until it was answered or given up."""

    began: float
    seconds: float


class FromAddress(urllib.request.HTTPHandler):
    """Calls from an address of its own, as customers do; all of 127/8 is this machine."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(HTTPConnection, req, source_address=(self.address, 0))


class KeepRefusals(urllib.request.HTTPErrorProcessor):
    """A page that refuses is a page: it is read like any other."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        return response if response.status >= 400 else super().http_response(request, response)


class Browser:
    """
    One person at the site, in several windows perhaps; without a name a customer, who has no login. ``shown``
    are numbers of cases.
    """

    def __init__(
        self,
        site: str,
        username: str = "",
        password: str = "",
        *,
        address: str = HERE,
        requests: list[Request] | None = None,
    ) -> None:
        self.site, self.username, self.password = site, username, password
        self.shown: set[str] = set()
        self.requests: list[Request] = [] if requests is None else requests
        self._logging_in = threading.Lock()
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        proxies = urllib.request.ProxyHandler({})
        self._opener = urllib.request.build_opener(cookies, proxies, KeepRefusals, FromAddress(address))

    def get(self, path: str) -> Answer:
        return self._open(path, None)

    def visit(self, path: str) -> Answer:
        """As ``get``, logging in where there is no session or it has ended."""
        page = self.get(path)
        if LOGIN not in page.url or not self.username:
            return page
        with self._logging_in:
            page = self.get(path)  # another window may have been faster
            return self.log_in(page, path) if LOGIN in page.url else page

    def post(self, path: str, fields: dict[str, Any]) -> Answer:
        return self._open(path, urllib.parse.urlencode(fields, doseq=True).encode())

    def log_in(self, page: Answer, path: str) -> Answer:
        """Fill in the page of the login; it leads to the path, or stays where it is."""
        fields = {**page.hidden, "username": self.username, "password": self.password, "next": path}
        answer = self.post(LOGIN, fields)
        return replace(answer, status=0) if LOGIN in answer.url else answer

    def send_form(self, path: str, fields: dict[str, Any]) -> Answer:
        """Open the page of a form and send it."""
        page = self.visit(path)
        return self.post(path, {**page.hidden, **fields}) if page.status == 200 else page

    def send_file(self, path: str, name: str, content: bytes) -> Answer:
        """Open the page of a form with one file, and send it."""
        page = self.visit(path)
        if page.status != 200:
            return page
        boundary = secrets.token_hex(16)
        parts = [_part(field_name, value.encode()) for field_name, value in page.hidden.items()]
        parts.append(_part("file", content, f'; filename="{name}"'))
        body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
        kind = f"multipart/form-data; boundary={boundary}"
        return self._open(path, body + b"--%s--\r\n" % boundary.encode(), {"Content-Type": kind})

    def _open(self, path: str, body: bytes | None, headers: dict[str, str] | None = None) -> Answer:
        began = time.monotonic()
        try:
            return self._ask(path, body, headers)
        finally:
            self.requests.append(Request(began, time.monotonic() - began))

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str] | None) -> Answer:
        url = path if path.startswith("http") else self.site + path
        request = urllib.request.Request(url, body, {"Referer": url, **(headers or {})})
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                read = answer.read()
                words = read.decode(errors="replace")
                self.shown |= set(CASE_NUMBER.findall(words))
                # What was sent after the session had ended led to the login, and was not taken.
                sent_in_vain = body is not None and LOGIN in answer.url and LOGIN not in path
                status = 401 if sent_in_vain else answer.status
                return Answer(status, answer.url, words, answer.headers, len(read))
        except (OSError, HTTPException):
            return Answer(0, url)


def _part(name: str, content: bytes, more: str = "") -> bytes:
    return b'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s' % (name.encode(), more.encode(), content)


class Browsers:
    """Everybody's browser, kept with its session from trial to trial; ``requests`` are those of all."""

    def __init__(self, site: str, password: str) -> None:
        self.site, self.password = site, password
        self.requests: list[Request] = []
        self._kept: dict[str, Browser] = {}

    def of(self, username: str) -> Browser:
        mine = Browser(self.site, username, self.password, requests=self.requests)
        return self._kept.setdefault(username, mine)

    def of_a_customer(self) -> Browser:
        """At an address where nobody else is."""
        address = ".".join(["127", *(str(random.randint(1, 254)) for _byte in range(3))])
        return Browser(self.site, address=address, requests=self.requests)

    def take_shown(self) -> dict[str, set[str]]:
        """The numbers of cases each member of staff has been shown since this was last asked."""
        taken = {}
        for username, browser in self._kept.items():
            taken[username], browser.shown = browser.shown, set()
        return taken


def answers(site: str) -> bool:
    return Browser(site).get("/healthz").status == 200
