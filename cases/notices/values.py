"""What the placeholders of a phrase stand for in one happening, in the language of one reader."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.choices import Audience, ClockKind
from cases.first_names import first_name
from cases.models import EventKind
from cases.notices.placeholders import PLACEHOLDERS, UNTIL, plain_value, say_duration
from cases.notices.situations import REMINDER
from cases.timers import CALLED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cases.models import Staff, Team
    from cases.notices.happenings import Happening

BY_CUSTOMER = frozenset(
    {EventKind.CONFIRM, EventKind.DISPUTE, EventKind.CHANGE_WORD, EventKind.RECEIVE_MESSAGE}
)
# Where an event keeps the words it is about, beside its note.
SAID_IN = ("request", "plan", "reason", "result", "name")


def values_for(
    happening: Happening, *, language: str, audience: str, staff: dict[int, Staff], teams: dict[int, Team]
) -> dict[str, str]:
    """
    Every placeholder these readers may have, as plain text in this language; times of the default zone.

    For robots that may not have personal data, ``without_personal_data`` takes it away again.
    """
    with translation.override(language):
        found = dict(_of_case(happening, staff, teams))
        found.update(_of_event(happening))
        found.update(_of_round(happening))
        found.update(_of_clocks(happening))
        if audience == Audience.CUSTOMER:
            found["handler"] = found["handler"] or found["team"] or pgettext("customer", "One of us")
        values = {
            name: plain_value(value)
            for name, value in found.items()
            if value not in (None, "") and audience in PLACEHOLDERS[name].audiences
        }
    return values | _filled_in_when_sent(happening, audience)


def _filled_in_when_sent(happening: Happening, audience: str) -> dict[str, str]:
    """What stays a placeholder in the stored text (``cases.notices.letters``)."""
    is_reminded = audience == Audience.CUSTOMER and happening.situation == REMINDER
    return {"until": UNTIL} if is_reminded else {}


def without_personal_data(values: dict[str, str]) -> dict[str, str]:
    """For robots and webhooks: customers' names and numbers, and words nobody checked, are left out."""
    return {name: value for name, value in values.items() if not PLACEHOLDERS[name].personal}


def say_moment(moment: datetime | None) -> str:
    """To the minute, in the default time zone."""
    local = timezone.localtime(moment, timezone.get_default_timezone()) if moment else None
    return f"{local:%Y-%m-%d %H:%M}" if local else ""


def page_of(case_id: int) -> str:
    return f"{settings.SITE_URL}{reverse('admin:cases_case_change', args=[case_id])}"


def _of_case(
    happening: Happening, staff: dict[int, Staff], teams: dict[int, Team]
) -> Iterator[tuple[str, Any]]:
    case, customer = happening.case, happening.case.customer
    handler = staff.get(happening.handler_id or 0)
    yield "number", case.number
    yield "subject", case.subject
    yield "round", happening.event.round_number
    yield "team", teams.get(happening.team_id or 0)
    yield "handler", handler or case.handler_name
    yield "urgency", case.get_urgency_display()
    yield "state", happening.event.get_to_state_display()
    yield "description", case.description
    yield "customer", customer.name
    yield "customer_number", customer.number
    yield "first_name", first_name(customer.name) or _("customer")
    yield "page", page_of(case.pk)


def _of_event(happening: Happening) -> Iterator[tuple[str, Any]]:
    event = happening.event
    said = happening.message.body if happening.message else ""
    asked = next((event.data[key] for key in SAID_IN if event.data.get(key)), "")
    yield "event", event.get_kind_display()
    yield "who", event.actor or (_("Customer") if event.kind in BY_CUSTOMER else _("System"))
    yield "when", say_moment(event.at)
    yield "note", said or event.note or asked


def _of_round(happening: Happening) -> Iterator[tuple[str, Any]]:
    for name in ("result", "proof", "comment", "score"):
        yield name, happening.event.data.get(name) or getattr(happening.round, name, "")
    yield "promised", say_moment(happening.case.promised_at)


def _of_clocks(happening: Happening) -> Iterator[tuple[str, Any]]:
    event, due = happening.event, happening.due
    order = CALLED_BY if event.kind == EventKind.DISPUTE else CALLED_BY[::-1]
    yield "by", say_moment(next((due[kind] for kind in order if due.get(kind)), None))
    yield "until", say_moment(due.get(ClockKind.CONFIRMATION_EXPIRY))
    if not happening.is_escalation:
        return
    yield "clock", dict(ClockKind.choices).get(event.data.get("clock"))
    yield "percent", event.data.get("percent")
    if event.data.get("due_at"):
        due_at = datetime.fromisoformat(event.data["due_at"])
        yield "due", say_moment(due_at)
        yield "late", say_lateness((event.at - due_at).total_seconds())


def say_lateness(seconds: float) -> str:
    """To the minute, as ``say_duration`` rounds."""
    if not round(seconds / 60):
        return _("time is up")
    if seconds >= 0:
        return _("%(duration)s late") % {"duration": say_duration(seconds)}
    return _("%(duration)s left") % {"duration": say_duration(seconds)}
