"""The secret key of an installation that was not given one."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path


def read_or_make_secret_key(path: Path) -> str:
    """Return the key kept in `path`, making it (mode 0600) the first time.

    Several processes may start at once: the complete file is linked into place, and whoever comes second
    reads the winner's key. Raises `OSError` when the folder cannot be written.
    """
    if not path.exists():
        _make(path)
    return path.read_text(encoding="ascii")


def _make(path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret")  # mkstemp gives mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(name, path)
    except FileExistsError:
        return
    finally:
        Path(name).unlink()
