"""What a person is told by which channel: a grid, in which they switch off what is not required."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.choices import NoticeChannel, Whom
from cases.models import EventKind, NoticeMute, NoticeRule, Staff
from cases.services.inbox import choose_mutes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cases.services.inbox import Cell

CHANNELS = (NoticeChannel.INBOX, NoticeChannel.EMAIL, NoticeChannel.SMS)
NOT_PEOPLE = (Whom.CUSTOMER, Whom.ENDPOINT)


@dataclass(frozen=True)
class Box:
    """One kind of event by one channel: who is told of it at all, and whether this person chooses."""

    kind: str
    channel: str
    to: tuple[str, ...] = ()
    always_to: tuple[str, ...] = ()
    muted: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.channel}"

    @property
    def is_empty(self) -> bool:
        return not (self.to or self.always_to)

    @property
    def is_offered(self) -> bool:
        return bool(self.to)


@dataclass(frozen=True)
class Line:
    label: str
    boxes: list[Box]


def grid_for(staff: Staff) -> list[Line]:
    """Every kind of event somebody is told of, in the order of the lifecycle; two queries."""
    rules: dict[Cell, list[NoticeRule]] = defaultdict(list)
    for rule in NoticeRule.objects.filter(active=True, channel__in=CHANNELS).exclude(whom__in=NOT_PEOPLE):
        rules[rule.event_kind, rule.channel].append(rule)
    mutes = set(NoticeMute.objects.filter(staff=staff).values_list("event_kind", "channel"))
    kinds = {kind for kind, _channel in rules}
    return [
        Line(
            str(kind.label),
            [
                _box(kind.value, channel.value, rules[kind.value, channel.value], mutes)
                for channel in CHANNELS
            ],
        )
        for kind in EventKind
        if kind.value in kinds
    ]


def _box(kind: str, channel: str, rules: Iterable[NoticeRule], mutes: set[Cell]) -> Box:
    """Inactive rules are none; the same person may be told by several."""
    free = tuple(str(rule.get_whom_display()) for rule in rules if not rule.required)
    always = tuple(str(rule.get_whom_display()) for rule in rules if rule.required)
    return Box(kind, channel, free, always, muted=(kind, channel) in mutes)


def told_view(request: HttpRequest) -> HttpResponse:
    lines = grid_for(request.user)
    if request.method == "POST":
        offered = {
            (box.kind, box.channel): box.name for line in lines for box in line.boxes if box.is_offered
        }
        wanted = set(request.POST.getlist("told"))
        muted = {cell for cell, name in offered.items() if name not in wanted}
        choose_mutes(request.user, offered=offered, muted=muted)
        messages.success(request, _("Saved. What is required comes all the same."))
        return HttpResponseRedirect(reverse("admin:cases_told"))
    context = {
        **admin.site.each_context(request),
        "title": _("What I am told"),
        "lines": lines,
        "channels": [channel.label for channel in CHANNELS],
    }
    return TemplateResponse(request, "admin/cases/told.html", context)
