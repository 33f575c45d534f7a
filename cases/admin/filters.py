"""
The filters of the case list.

A value that is not among the choices is ignored, and the choices are those the person may see: no filter
tells anything about the rest. Choices come from small tables, never from the cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import ListFilter, SimpleListFilter
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.choices import CaseType, Channel, ClockKind, Confirmation, Region, State, Urgency
from cases.models import Round, Staff, Team, Topic
from cases.querysets import CaseQuerySet
from cases.timers import DEADLINES

FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_CHOICES = 1000


class PickFilter(SimpleListFilter):
    """One of several choices. A child says which (``lookups``) and what each means (``narrow``)."""

    template = "admin/cases/case/pick_filter.html"

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return (str(cls.parameter_name),)

    def chosen(self) -> str | None:
        """The chosen value, if it is one of the choices."""
        value = self.value()
        return value if value in dict(self._written_choices()) else None

    def _written_choices(self) -> list[tuple[str, str | Promise]]:
        return [(str(value), label) for value, label in self.lookup_choices]

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        raise NotImplementedError

    def queryset(self, request: HttpRequest, queryset: CaseQuerySet) -> CaseQuerySet:
        value = self.chosen()
        return queryset if value is None else self.narrow(queryset, value)

    def in_words(self) -> str:
        """“State: Handling” while something is chosen, else nothing."""
        value = self.chosen()
        return f"{self.title}: {dict(self._written_choices())[value]}" if value else ""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        chosen = self.chosen() or ""
        for value, label in [("", _("All")), *self._written_choices()]:
            yield {"value": value, "label": label, "chosen": value == chosen}


class ColumnFilter(PickFilter):
    """A column of the case equal to the choice."""

    of: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return self.of.choices

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        return cases.filter(**{str(self.parameter_name): value})


class StateFilter(ColumnFilter):
    title, parameter_name, of = _("State"), "state", State

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("open", _("Open (any but archive)")), *State.choices]

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        return cases.under_way() if value == "open" else super().narrow(cases, value)


class UrgencyFilter(ColumnFilter):
    title, parameter_name, of = _("Urgency"), "urgency", Urgency


class TypeFilter(ColumnFilter):
    title, parameter_name, of = _("Type"), "type", CaseType


class ChannelFilter(ColumnFilter):
    title, parameter_name, of = _("Channel"), "channel", Channel


class RegionFilter(ColumnFilter):
    title, parameter_name, of = _("Region"), "region", Region


class ConfirmationFilter(ColumnFilter):
    title, parameter_name, of = _("Customer confirmation"), "confirmation", Confirmation


class TopicFilter(ColumnFilter):
    title, parameter_name = _("Topic"), "topic"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        topics = Topic.objects.order_by("type", "position", "name")[:MOST_CHOICES]
        return [(topic.pk, f"{topic.get_type_display()}-{topic}") for topic in topics]


class TeamFilter(ColumnFilter):
    title, parameter_name = _("Team"), "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        staff, teams = request.user, Team.objects.order_by("tier", "name")
        if not staff.has_perm("cases.view_every_case"):
            teams = teams.filter(pk__in=staff.team_ids | staff.led_team_ids)
        return [(team.pk, str(team)) for team in teams[:MOST_CHOICES]]


class HandlerFilter(ColumnFilter):
    title, parameter_name = _("Handler"), "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        people = Staff.objects.colleagues_of(request.user).order_by("name", "pk")
        return people.values_list("pk", "name")[:MOST_CHOICES]


class LateFilter(PickFilter):
    title, parameter_name = _("Overdue"), "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("Only late cases"))]

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        return cases.late(timezone.now())


class ClockFilter(ColumnFilter):
    """Which clock comes next; only those that staff wait for."""

    title, parameter_name = _("Next clock"), "due_clock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(kind, ClockKind(kind).label) for kind in DEADLINES]


class RoundFilter(PickFilter):
    title, parameter_name = _("Round"), "round"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("2", _("Second round or later"))]

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        return cases.filter(round_number__gte=2)


class ScoreFilter(PickFilter):
    """The score of any round, so that a first bad one is found after a better second one."""

    title, parameter_name = _("Score"), "score"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(score), str(score)) for score in range(1, 6)]

    def narrow(self, cases: CaseQuerySet, value: str) -> CaseQuerySet:
        return cases.filter(Exists(Round.objects.filter(case=OuterRef("pk"), score=int(value))))


class DaysFilter(ListFilter):
    """From one local day to another, both included. A child names the column and its two parameters."""

    template = "admin/cases/case/days_filter.html"
    column: str
    first: str
    last: str
    first_title: str | Promise
    last_title: str | Promise

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return (cls.first, cls.last)

    def expected_parameters(self) -> list[str]:
        return list(self.parameters())

    def has_output(self) -> bool:
        return True

    def day(self, name: str) -> date | None:
        return read_day(self.used_parameters.get(name, ""))

    def queryset(self, request: HttpRequest, queryset: CaseQuerySet) -> CaseQuerySet:
        first, last = self.day(self.first), self.day(self.last)
        if first:
            queryset = queryset.filter(**{f"{self.column}__gte": start_of(first)})
        if last:
            queryset = queryset.filter(**{f"{self.column}__lt": start_of(last + timedelta(days=1))})
        return queryset

    def in_words(self) -> str:
        """“Received from: 2024-10-01” while a day is chosen, else nothing."""
        titles = ((self.first, self.first_title), (self.last, self.last_title))
        chosen = [(title, self.day(name)) for name, title in titles]
        return ", ".join(f"{title}: {date_format(day, 'Y-m-d')}" for title, day in chosen if day)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {"name": self.first, "label": self.first_title, "day": self.day(self.first)}
        yield {"name": self.last, "label": self.last_title, "day": self.day(self.last)}


def read_day(text: str) -> date | None:
    """A day written 2024-10-01, of a year in which there can be cases; else None."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def start_of(day: date) -> datetime:
    """The first moment of the local day, aware."""
    return timezone.make_aware(datetime.combine(day, time.min))


class ReceivedFilter(DaysFilter):
    title, column, first, last = _("Received"), "received_at", "from", "to"
    first_title, last_title = _("Received from"), _("Received until")


class ArchivedFilter(DaysFilter):
    title, column, first, last = _("Archived"), "archived_at", "archived_from", "archived_to"
    first_title, last_title = _("Archived from"), _("Archived until")


FILTERS = (
    StateFilter,
    UrgencyFilter,
    TypeFilter,
    TopicFilter,
    ChannelFilter,
    TeamFilter,
    HandlerFilter,
    RegionFilter,
    ReceivedFilter,
    ArchivedFilter,
    LateFilter,
    ClockFilter,
    RoundFilter,
    ScoreFilter,
    ConfirmationFilter,
)
