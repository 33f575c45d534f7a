"""Sweeps away what means nothing any more: each part may be done twice, or at once with another."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from cases.clock import database_now
from cases.models import CaseView, StaffSession, Throttle

OF_THE_PAST = timedelta(days=1)
WAITING_ROOM_AGE = 60 * 60  # seconds an uploaded sheet waits to be confirmed


def sweep() -> dict[str, int]:
    """Rows and files gone, by what they were."""
    now = database_now()
    # A session is judged by the clock that gave it its end.
    sessions, _kinds = StaffSession.objects.filter(expire_date__lt=timezone.now()).delete()
    throttles, _kinds = Throttle.objects.filter(window_at__lt=now - OF_THE_PAST).delete()
    views, _kinds = CaseView.objects.filter(seen_at__lt=now - OF_THE_PAST).delete()
    uploads = clear_waiting_room(Path(settings.VAR_DIR) / "imports")
    return {"sessions": sessions, "throttles": throttles, "views": views, "uploads": uploads}


def clear_waiting_room(folder: Path) -> int:
    """Remove the uploaded files of this folder that nobody confirmed; returns how many."""
    oldest = time.time() - WAITING_ROOM_AGE
    gone = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # somebody else cleared it at the same moment
    return gone
