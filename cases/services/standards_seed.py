"""The service level and the ladder of the lifecycle paper (2.2), and the count of changed standards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cases.choices import ClockKind, JobState, LadderAction, NoticeChannel, StandardsChange, Whom
from cases.models.calendar import facts_of

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # before any case there can be
STAFF_CLOCKS = (
    ClockKind.FIRST_RESPONSE,
    ClockKind.TRIAGE,
    ClockKind.ACCEPTANCE,
    ClockKind.PROGRESS_UPDATE,
    ClockKind.COMPLETION,
    ClockKind.SUPPORT,
    ClockKind.IMPROVEMENT_PLAN,
)
# Paper 2.2: remind the handler (催办), tell handler and supervisor (督办), report to the manager (通报). Of a
# case that nobody has in hand, whoever is on duty stands for the handler.
REMIND, BREACH, REPORT = 80, 100, 150
LADDER = (
    (REMIND, (Whom.HANDLER,)),
    (BREACH, (Whom.HANDLER, Whom.SUPERVISOR)),
    (REPORT, (Whom.MANAGER,)),
)


def ensure_standards(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    apps.get_model("cases", "StandardsStamp").objects.get_or_create(pk=1)
    apps.get_model("cases", "Rearming").objects.get_or_create(
        stamp=1,
        defaults={
            "reason": StandardsChange.BEGINNING.value,
            "requested_at": BEGINNING,
            "state": JobState.DONE,
            "finished_at": BEGINNING,
            "calendars": _calendars_as_json(apps),
        },
    )
    level, _created = apps.get_model("cases", "ServiceLevel").objects.get_or_create(
        name="标准服务", defaults={"name_en": "Standard service"}
    )
    versions = apps.get_model("cases", "ServiceLevelVersion").objects
    versions.get_or_create(level=level, number=1, defaults={"valid_from": BEGINNING, "position": 1000})
    steps = apps.get_model("cases", "LadderStep").objects
    if not steps.exists():
        steps.bulk_create(steps.model(**row) for row in ladder_rows())


def _calendars_as_json(apps: Any) -> dict[str, Any]:
    """The facts of the calendars to begin with; a model in a migration has no methods, so it lends them."""
    calendars = apps.get_model("cases", "WorkCalendar").objects.prefetch_related("windows", "days")
    return {str(calendar.pk): facts_of(calendar).as_json() for calendar in calendars}


def ladder_rows() -> list[dict[str, Any]]:
    """The ladder to begin with, a row for each person told."""
    rows = [
        _row(kind, percent, whom) for kind in STAFF_CLOCKS for percent, people in LADDER for whom in people
    ]
    for row in rows:
        if (row["kind"], row["percent"]) == (ClockKind.TRIAGE, BREACH):
            row["action"] = LadderAction.DISPATCH
    asked = [_row(ClockKind.SUPPORT, percent, Whom.SUPPORT_TEAM) for percent in (REMIND, BREACH)]
    reminder = [
        _row(ClockKind.CONFIRMATION_REMINDER, BREACH, Whom.CUSTOMER, channel)
        for channel in (NoticeChannel.EMAIL, NoticeChannel.SMS)
    ]
    expiry = _row(ClockKind.CONFIRMATION_EXPIRY, BREACH, Whom.HANDLER) | {"action": LadderAction.EXPIRE}
    retention = _row(ClockKind.RETENTION, BREACH, Whom.ADMINISTRATOR)
    return [*rows, *asked, *reminder, expiry, retention]


def _row(kind: str, percent: int, whom: str, channel: str = NoticeChannel.INBOX) -> dict[str, Any]:
    return {"kind": kind, "percent": percent, "whom": whom, "channel": channel}
