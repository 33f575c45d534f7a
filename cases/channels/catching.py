"""``OUTGOING=catch``: what would have left the machine is kept in a folder, a file for each letter."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from cases.channels.email import as_message
from cases.choices import NoticeChannel

if TYPE_CHECKING:
    from cases.channels.base import Letter

UNREADABLE_TO_OTHERS = 0o700


def catch(letter: Letter) -> None:
    """Mail as a file a mail program opens, anything else as JSON. Raises PermanentFailure for no address."""
    if letter.channel == NoticeChannel.EMAIL:
        _keep(letter, "eml", as_message(letter).message().as_bytes())
    else:
        _keep(letter, "json", json.dumps(_facts(letter), ensure_ascii=False, indent=2).encode())


def caught_text(key: str) -> str:
    """What was kept under this key, or nothing."""
    files = sorted(Path(settings.OUTGOING_FOLDER).glob(f"*-{key}.*"))
    return files[-1].read_text(errors="replace") if files else ""


def _facts(letter: Letter) -> dict[str, object]:
    """The address of a robot is as good as its key, so only its server is told."""
    return {
        "key": letter.key,
        "channel": letter.channel,
        "to": urlsplit(letter.to).hostname or letter.to,
        "subject": letter.subject,
        "text": letter.body,
        "language": letter.language,
        **letter.facts,
    }


def _keep(letter: Letter, ending: str, content: bytes) -> None:
    """Complete or not at all; a second attempt replaces the first."""
    folder = Path(settings.OUTGOING_FOLDER)
    folder.mkdir(mode=UNREADABLE_TO_OTHERS, parents=True, exist_ok=True)
    earlier = list(folder.glob(f"*-{letter.key}.{ending}"))
    handle, name = tempfile.mkstemp(dir=folder, prefix=".letter")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    for file_before in earlier:
        file_before.unlink(missing_ok=True)
    moment = f"{timezone.localtime():%Y%m%d-%H%M%S}"
    Path(name).rename(folder / f"{moment}-{letter.channel}-{letter.key}.{ending}")
