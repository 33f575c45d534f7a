"""What a person reads on a page: its text and the attributes that are shown or read out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

SPOKEN = ("title", "placeholder", "aria-label", "alt", "aria-description", "data-broken")
UNREAD = {"script", "style", "template"}
WITHOUT_END = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}
ICONS = "material-symbols-outlined"
CHINESE = re.compile(r"[一-鿿㐀-䶿　-〿＀-￯]+")
LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’_.@/-]*")


class Reader(HTMLParser):
    """Collects the words of one page. Icons are drawn by a font from English names: not words."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.skipped: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.words += [given[name] for name in SPOKEN if name in given]
        if tag == "input" and given.get("type") in ("submit", "button", "reset"):
            self.words.append(given.get("value", ""))
        if tag not in WITHOUT_END:
            above = bool(self.skipped and self.skipped[-1])
            self.skipped.append(above or tag in UNREAD or ICONS in given.get("class", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag not in WITHOUT_END and self.skipped:
            self.skipped.pop()

    def handle_data(self, data: str) -> None:
        if not (self.skipped and self.skipped[-1]) and data.strip():
            self.words.append(data.strip())


def words_of(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    return reader.words
