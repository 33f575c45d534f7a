"""Small marks beside a case: urgency, state, deadline, VIP. Each has a word or an icon, not colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.choices import State, Urgency
from cases.models import Case, Customer

SOON = timedelta(hours=1)
ICONS = {
    State.INTAKE: "inbox",
    State.ANALYSIS: "search",
    State.HANDLING: "build",
    State.CONFIRMATION: "hourglass_top",
    State.ARCHIVE: "inventory_2",
    Urgency.URGENT: "priority_high",
    Urgency.IMPORTANT: "keyboard_arrow_up",
    Urgency.NORMAL: "remove",
}


@dataclass(frozen=True)
class Countdown:
    """How a deadline stands: ``level`` is on_time, soon or late; ``words`` say it."""

    level: str
    icon: str
    words: str


def badge(kind: str, icon: str, words: object, *, title: object = "") -> SafeString:
    """A mark of class ``bh-badge bh-<kind>`` with an icon that screen readers skip."""
    return format_html(
        '<span class="bh-badge bh-{}"{}><span class="material-symbols-outlined" aria-hidden="true">{}</span>'
        "<span>{}</span></span>",
        kind,
        format_html(' title="{}"', title) if title else "",
        icon,
        words,
    )


def state_badge(case: Case) -> SafeString:
    return badge(f"state-{case.state}", ICONS[State(case.state)], case.get_state_display())


def urgency_badge(case: Case) -> SafeString:
    return badge(f"urgency-{case.urgency}", ICONS[Urgency(case.urgency)], case.get_urgency_display())


def vip_mark(customer: Customer) -> SafeString | str:
    """Empty for customers who are no VIP."""
    if not customer.is_vip:
        return ""
    return badge(f"vip bh-vip-{customer.vip_level}", "star", _("VIP"), title=customer.get_vip_level_display())


def span_in_words(span: timedelta) -> str:
    """The two largest units of a span, not less than one minute: 2 d 3 h, 4 h 20 min, 7 min."""
    minutes = max(int(abs(span).total_seconds() // 60), 1)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = (
        (days, gettext("%(number)d d")),
        (hours, gettext("%(number)d h")),
        (0 if days else minutes, gettext("%(number)d min")),
    )
    return " ".join(words % {"number": number} for number, words in parts if number)


def countdown(due_at: datetime, at: datetime) -> Countdown:
    """Where ``at`` stands against the deadline; both aware. The last hour counts as soon."""
    left = due_at - at
    span = {"span": span_in_words(left)}
    if left < timedelta(0):
        return Countdown("late", "warning", gettext("late by %(span)s") % span)
    if left <= SOON:
        return Countdown("soon", "hourglass_bottom", gettext("soon, in %(span)s") % span)
    return Countdown("on_time", "schedule", gettext("in %(span)s") % span)


def deadline_badge(due_at: datetime | None, at: datetime, *, title: object = "") -> SafeString | str:
    """The countdown as a mark; empty without a deadline."""
    if due_at is None:
        return ""
    now = countdown(due_at, at)
    return badge(f"due-{now.level}", now.icon, now.words, title=title)


def waiting_badge(case: Case) -> SafeString | str:
    """For whom the case waits; empty while it does not."""
    if not case.waiting_for:
        return ""
    return badge("waiting", "pause_circle", _("Waiting"), title=case.get_waiting_for_display())


def unclaimed_badge(case: Case) -> SafeString | str:
    """An open case without a handler, with its team; empty for an imported one that names nobody."""
    if not case.is_open:
        return ""
    return badge("unclaimed", "person_off", case.team or _("Unclaimed"), title=_("Unclaimed"))


def round_badge(case: Case) -> SafeString | str:
    """From the second round on."""
    if case.round_number < 2:
        return ""
    return badge("round", "replay", case.round_number, title=_("Round"))
