"""What we translate for libraries is still what they say: an upgrade that changes a text is noticed here."""

from __future__ import annotations

from pathlib import Path

import django
import import_export
import polib
import unfold

from config.settings import LOCALE_PATHS

LIBRARIES = (django, import_export, unfold)


def test_every_text_translated_for_a_library_stands_in_one() -> None:
    catalogue = polib.pofile(str(LOCALE_PATHS[1] / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    source = "\n".join(_sources())
    gone = [entry.msgid for entry in catalogue if not _stands_in(entry.msgid, source)]
    assert gone == []


def _sources() -> list[str]:
    folders = [Path(library.__path__[0]) for library in LIBRARIES]
    files = [path for folder in folders for ending in ("*.py", "*.html") for path in folder.rglob(ending)]
    return [path.read_text(encoding="utf-8", errors="replace") for path in files]


def _stands_in(msgid: str, source: str) -> bool:
    """Its longest part between placeholders and escaped quotes does, however the source wraps it."""
    whole = msgid.strip().replace("\n", " ")
    for mark in ("%(len)s", "%(counter)s", "%(time)s", "%(resource_name)s", '"'):
        whole = whole.replace(mark, "\0")
    return max(whole.split("\0"), key=len).strip()[:25] in source
