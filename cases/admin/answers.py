"""
One form field for each kind of answer the lifecycle table asks for.

The choices are those that make sense for this case and this person; the service checks the answer again.
Moments are asked for in the local time zone, to the minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold import widgets

from cases.asking import Ask
from cases.choices import CaseType, Channel, Region, Role, State, Urgency, WaitingFor
from cases.lifecycle import MOVES
from cases.models import Case, Round, Staff, SupportRequest, Team, Topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from cases.asking import Input

LONGEST_TEXT = 10_000  # characters of one answer; a long mail fits, a pasted archive does not
LOCAL_MINUTE = "%Y-%m-%dT%H:%M"
END_OF_DAY = time(18)
EMPTY = ("", "---------")


@dataclass(frozen=True)
class Question:
    """One input of a transition, asked of this person about this case."""

    item: Input
    move: str
    case: Case
    staff: Staff

    @property
    def common(self) -> dict[str, Any]:
        return {"label": self.item.label, "required": self.item.required, "help_text": self.item.help}


class TextField(forms.CharField):
    """Text with one kind of line end, so that text which came back from a browser equals what was sent."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")


class MomentInput(widgets.UnfoldAdminTextInputWidget):
    """A moment in the browser's own picker; ``quick`` are likely moments a script offers as buttons."""

    input_type = "datetime-local"
    template_name = "admin/cases/case/moment_input.html"

    def __init__(self, *, ahead: bool) -> None:
        super().__init__(attrs={"class": "bh-moment"})
        self.ahead = ahead

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return context | {"quick": quick_moments(timezone.localtime()) if self.ahead else []}

    def format_value(self, value: Any) -> str | None:
        """Moments in the one spelling the browser accepts; what was typed stays as typed."""
        return f"{value:{LOCAL_MINUTE}}" if isinstance(value, datetime) else value


class MomentField(forms.DateTimeField):
    """A moment of the local time zone, to the minute."""

    def prepare_value(self, value: Any) -> Any:
        prepared = super().prepare_value(value)
        return prepared.replace(second=0, microsecond=0) if isinstance(prepared, datetime) else prepared


class TeamField(forms.ModelChoiceField):
    def label_from_instance(self, team: Team) -> str:
        return f"{team} · {team.department}"


class TeamsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, team: Team) -> str:
        return f"{team} · {team.department}"


class StaffField(forms.ModelChoiceField):
    def label_from_instance(self, staff: Staff) -> str:
        teams = ", ".join(str(team) for team in staff.teams.all() if team.active)
        return f"{staff} · {teams or staff.department or ''}".rstrip(" ·")


class SupportField(forms.ModelChoiceField):
    def label_from_instance(self, support: SupportRequest) -> str:
        return f"{support.team}: {support.request[:60]}" if support.request else str(support.team)


class CaseNumberField(forms.CharField):
    """Another case by its number, out of those the person may see."""

    def __init__(self, *, staff: Staff, **kwargs: Any) -> None:
        super().__init__(max_length=24, widget=widgets.UnfoldAdminTextInputWidget(), **kwargs)
        self.staff = staff

    def clean(self, value: Any) -> Case | None:
        number = super().clean(value).strip().upper()
        found = Case.objects.visible_to(self.staff).filter(number=number).first()
        if number and found is None:
            raise forms.ValidationError(_("There is no case with this number among those you may see."))
        return found


def quick_moments(at: datetime) -> list[tuple[str, Any]]:
    """(local minute, label) of the moments most promises are made for."""
    tomorrow = datetime.combine(at.date() + timedelta(days=1), END_OF_DAY)
    return [
        (f"{at + timedelta(hours=1):{LOCAL_MINUTE}}", _("In 1 hour")),
        (f"{at + timedelta(hours=4):{LOCAL_MINUTE}}", _("In 4 hours")),
        (f"{tomorrow:{LOCAL_MINUTE}}", _("Tomorrow 18:00")),
    ]


def longest(name: str) -> int:
    """How much the column of this name holds, or LONGEST_TEXT."""
    for model in (Case, Round, SupportRequest):
        try:
            return getattr(model._meta.get_field(name), "max_length", None) or LONGEST_TEXT
        except FieldDoesNotExist:
            continue
    return LONGEST_TEXT


def text_field(asked: Question) -> forms.Field:
    return TextField(
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4}), max_length=LONGEST_TEXT, **asked.common
    )


def line_field(asked: Question) -> forms.Field:
    return forms.CharField(
        widget=widgets.UnfoldAdminTextInputWidget(), max_length=longest(asked.item.name), **asked.common
    )


def moment_field(asked: Question) -> forms.Field:
    ahead = asked.item.name != "happened_at"
    return MomentField(widget=MomentInput(ahead=ahead), **asked.common)


def choice_field(choices: list[tuple[Any, Any]]) -> Callable[[Question], forms.Field]:
    """A drop-down; without a demand for an answer it may stay empty."""

    def build(asked: Question) -> forms.Field:
        return forms.ChoiceField(
            choices=[EMPTY, *choices], widget=widgets.UnfoldAdminSelectWidget(), **asked.common
        )

    return build


def radio_field(choices: list[tuple[Any, Any]]) -> Callable[[Question], forms.Field]:
    def build(asked: Question) -> forms.Field:
        return forms.ChoiceField(
            choices=choices, widget=widgets.UnfoldAdminRadioSelectWidget(), **asked.common
        )

    return build


def urgency_field(asked: Question) -> forms.Field:
    """The other urgencies; lower ones only for whoever may lower it."""
    case, staff = asked.case, asked.staff
    present = Urgency(case.urgency)
    may_lower = staff.has_perm("cases.lower_urgency") and staff.leads(case.team_id)
    wanted = [
        (other.value, other.label)
        for other in Urgency
        if other != present and (may_lower or other.rank < present.rank)
    ]
    field = radio_field(wanted)(asked)
    if not wanted:
        field.help_text = _("The case is urgent already; only the supervisor may lower that.")
    return field


def score_field(asked: Question) -> forms.Field:
    return forms.TypedChoiceField(
        choices=[(score, str(score)) for score in range(1, 6)],
        coerce=int,
        empty_value=None,
        widget=widgets.UnfoldAdminRadioSelectWidget(radio_style=1),
        **asked.common,
    )


def yes_no_field(asked: Question) -> forms.Field:
    return forms.BooleanField(widget=widgets.UnfoldBooleanWidget(), **asked.common)


def staff_field(asked: Question) -> forms.Field:
    return StaffField(
        queryset=possible_handlers(asked.case), widget=widgets.UnfoldAdminSelectWidget(), **asked.common
    )


def possible_handlers(case: Case) -> QuerySet[Staff]:
    """
    Active people whose role may carry the case on from its present state, its own team's first.

    A manager who works in no team takes over what the system hands on, and is assigned nothing by hand.
    """
    carrying_on = "accept" if case.state == State.HANDLING else "dispatch"
    able = Staff.objects.active().filter(groups__name__in=MOVES[carrying_on].roles)
    able = able.exclude(groups__name=Role.MANAGER, teams=None)
    return able.exclude(pk=case.handler_id or 0).nearest_first(case.team).prefetch_related("teams")


def team_field(asked: Question) -> forms.Field:
    teams = active_teams()
    if asked.move == "ask_support":
        teams = teams.exclude(pk=asked.case.team_id or 0)
    return TeamField(queryset=teams, widget=widgets.UnfoldAdminSelectWidget(), **asked.common)


def teams_field(asked: Question) -> forms.Field:
    return TeamsField(
        queryset=active_teams(), widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(), **asked.common
    )


def active_teams() -> QuerySet[Team]:
    return Team.objects.filter(active=True).select_related("department")


def support_field(asked: Question) -> forms.Field:
    """Whoever finishes a part chooses among the parts of their own teams."""
    unfinished = asked.case.support_requests.unfinished().select_related("team")
    if asked.move == "finish_support":
        unfinished = unfinished.of_teams_of(asked.staff)
    return SupportField(queryset=unfinished, widget=widgets.UnfoldAdminSelectWidget(), **asked.common)


def case_field(asked: Question) -> forms.Field:
    return CaseNumberField(staff=asked.staff, **asked.common)


def topic_field(asked: Question) -> forms.Field:
    """Active topics; a topic given up since stays with the cases that have it."""
    kept = Topic.objects.filter(Q(active=True) | Q(pk=asked.case.topic_id or 0))
    return TopicField(kept, **asked.common)


def amount_field(asked: Question) -> forms.Field:
    return forms.DecimalField(
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=widgets.UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "min": "0"}),
        **asked.common,
    )


class TopicSelect(widgets.UnfoldAdminSelectWidget):
    """Topics below their type; a script leaves only those of the chosen type."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if topic := getattr(value, "instance", None):
            option["attrs"]["data-type"] = topic.type
        return option


class TopicField(forms.ModelChoiceField):
    """A topic, written with its type; ``data-narrowed-by`` names the field of the type to the script."""

    def __init__(self, topics: QuerySet[Topic], **kwargs: Any) -> None:
        super().__init__(topics, widget=TopicSelect(attrs={"data-narrowed-by": "type"}), **kwargs)

    def label_from_instance(self, topic: Topic) -> str:
        return f"{topic.get_type_display()}-{topic}"


FIELDS: dict[Ask, Callable[[Question], forms.Field]] = {
    Ask.TEXT: text_field,
    Ask.LINE: line_field,
    Ask.MOMENT: moment_field,
    Ask.URGENCY: urgency_field,
    Ask.CHANNEL: choice_field(Channel.choices),
    Ask.WAITING_FOR: radio_field(WaitingFor.choices),
    Ask.STAFF: staff_field,
    Ask.TEAM: team_field,
    Ask.TEAMS: teams_field,
    Ask.SUPPORT: support_field,
    Ask.CASE: case_field,
    Ask.SCORE: score_field,
    Ask.YES_NO: yes_no_field,
    Ask.TYPE: choice_field(CaseType.choices),
    Ask.TOPIC: topic_field,
    Ask.REGION: choice_field(Region.choices),
    Ask.AMOUNT: amount_field,
}
