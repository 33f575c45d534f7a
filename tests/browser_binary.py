"""Where this machine keeps a Chromium, if it has one."""

from __future__ import annotations

import os
import shutil

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

HOW_TO_GET_CHROMIUM = (
    "Browser tests were skipped: no Chromium found. Install one (apt-get install chromium fonts-noto-cjk) "
    "or name it: CHROMIUM=/path/to/chromium make test"
)


def find_chromium() -> str | None:
    """Path of the Chromium named by CHROMIUM or found on PATH, else None."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, _NAMES) if path), None)


CHROMIUM = find_chromium()
