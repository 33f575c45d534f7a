"""What beat wakes and how often, to begin with."""

from __future__ import annotations

import json
from typing import Any

from cases.choices import NoticeChannel

SECONDS = "seconds"
TICK = 10  # seconds
# (name, task, arguments, seconds between, seconds after which a wake-up that nobody took means nothing)
SCHEDULE: tuple[tuple[str, str, list[str], int, int], ...] = (
    ("tick", "cases.tasks.tick", [], TICK, TICK - 1),
    ("work_out_announcements", "cases.tasks.work_out_announcements", [], 5, 30),
    *((f"send:{channel}", "cases.tasks.send_notices", [str(channel)], 5, 30) for channel in NoticeChannel),
    ("rearm_clocks", "cases.tasks.rearm_clocks", [], 10, 30),
    ("report_alive", "cases.tasks.report_alive", [], 60, 50),
    ("janitor", "cases.tasks.janitor", [], 300, 290),
)
OURS = frozenset(name for name, *_rest in SCHEDULE)


def ensure_beat_schedule(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    intervals = apps.get_model("django_celery_beat", "IntervalSchedule").objects
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects
    for name, task, args, every, expires in SCHEDULE:
        # Several rows may say the same interval: somebody may have added one.
        interval = intervals.filter(every=every, period=SECONDS).order_by("pk").first()
        interval = interval or intervals.create(every=every, period=SECONDS)
        row = {"task": task, "args": json.dumps(args), "interval": interval, "expire_seconds": expires}
        tasks.get_or_create(name=name, defaults=row)
