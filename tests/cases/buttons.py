"""A person at a page of the admin who presses a button that stands on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client


def pressed(client: Client, url: str, words: str) -> dict[str, str]:
    """What a browser sends for the one button with these words on the page, beside the fields."""
    page = client.get(url).content.decode()
    buttons = re.findall(r"<button([^>]*)>(.*?)</button>", page, re.DOTALL)
    (attributes,) = (attributes for attributes, inside in buttons if words in inside)
    names = re.findall(r'\bname="([^"]+)"', attributes)
    return dict.fromkeys(names, "")
