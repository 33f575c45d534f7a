"""People at their screens: what they press and type, by mouse or by keyboard."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils import translation
from playwright.sync_api import Locator, Page, expect

from cases.lifecycle import MOVES

if TYPE_CHECKING:
    from cases.seeding.demo import Login

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
PATIENCE = 10_000  # milliseconds
FURTHEST_TAB = 150  # presses of the key before a control counts as out of the keyboard's reach


def label(move: str) -> str:
    """What the Chinese page calls the transition."""
    with translation.override("zh-hans"):
        return str(MOVES[move].label)


@dataclass
class Person:
    """Somebody logged in, with a browser of their own."""

    page: Page
    site: str

    def log_in(self, login: Login) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{self.site}/admin/login/")
        self.page.fill("input[name=username]", login.staff.username)
        self.page.fill("input[name=password]", login.password)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(".bh-desk").first).to_be_visible()

    def open(self, path: str) -> None:
        self.page.goto(f"{self.site}{path}")

    def move(self, name: str, **answers: str | bool) -> None:
        """Make a transition with the mouse and read that it is done."""
        self.page.locator("a[data-dialog]", has_text=label(name)).first.click()
        dialog = self.dialog()
        for field, answer in answers.items():
            fill(dialog, field, answer)
        dialog.locator("button[type=submit]").click()
        self.see_done(name)

    def dialog(self) -> Locator:
        return self.page.locator("#transition-dialog[open]")

    def tab_to(self, focused: str) -> None:
        """Press Tab until this has the focus."""
        for _press in range(FURTHEST_TAB):
            if self.page.locator(focused).count():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {focused}")

    def see_done(self, name: str) -> None:
        expect(self.page.get_by_text(f"“{label(name)}”已完成").first).to_be_visible()
        self.page.wait_for_load_state()  # with its scripts, else the next press opens a page of its own

    def picture(self, name: str, *, whole: bool = False) -> None:
        """Keep what is seen for the README, when SCREENSHOTS asks for it."""
        if os.environ.get("SCREENSHOTS"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("document.fonts.ready")
            size = self.page.viewport_size
            if whole and size:
                # A window as high as the page: what sticks to the edge of the window stays at the edge.
                self.page.wait_for_load_state("networkidle")
                height = self.page.evaluate("document.documentElement.scrollHeight")
                self.page.set_viewport_size({"width": size["width"], "height": height})
            self.page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
            if size:
                self.page.set_viewport_size(size)


def fill(form: Page | Locator, field: str, answer: str | bool) -> None:
    """Answer one field, whatever kind it is."""
    control = form.locator(f"[name={field}]")
    kind = control.first.evaluate("node => node.type")
    if kind == "radio":
        form.locator(f"[name={field}][value='{answer}']").check()
    elif kind == "checkbox":
        control.set_checked(bool(answer))
    elif kind == "select-one":
        control.select_option(label=str(answer))
    else:
        control.fill(str(answer))
