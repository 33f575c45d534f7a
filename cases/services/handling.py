"""What each transition on the way to a result does, beyond the fields of the case itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from cases.choices import Direction, Urgency
from cases.exceptions import InvalidInput, NotPermitted
from cases.models import SupportRequest, Team
from cases.services.assignment import refuse_unfit_handler, team_of_new_handler
from cases.services.clocks import follow_urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cases.models import Case
    from cases.services.steps import Step

FARTHEST = timedelta(days=366)  # of a promise: what is farther off is a slip of the year


def begin_analysis(step: Step) -> None:
    assert step.actor  # the table demands one
    step.case.begin_analysis(handler=step.actor)


def contact_customer(step: Step) -> None:
    at = _moment_of_words(step)
    step.case.contact_customer(at=at)
    step.say(Direction.OUTBOUND, step.data["channel"], step.data["message"], at)


def receive_message(step: Step) -> None:
    step.case.receive_message()
    step.say(Direction.INBOUND, step.data["channel"], step.data["message"], _moment_of_words(step))


def confirm_details(step: Step) -> None:
    step.case.confirm_details(at=step.at)


def set_urgency(step: Step) -> None:
    """The handler may raise it; only the supervisor of the case may lower it."""
    case, wanted = step.case, Urgency(step.data["urgency"])
    present = Urgency(case.urgency)
    if wanted == present:
        raise InvalidInput("urgency", _("The case already has this urgency."))
    if wanted.rank > present.rank and step.actor and not _may_lower(step):
        raise NotPermitted(_("Only the supervisor may lower the urgency of a case."))
    step.kept["was"] = case.urgency
    case.set_urgency(urgency=wanted.value)
    follow_urgency(case, was=present)


def _may_lower(step: Step) -> bool:
    actor = step.actor
    return bool(actor and actor.has_perm("cases.lower_urgency") and actor.leads(step.case.team_id))


def dispatch(step: Step) -> None:
    case, team = step.case, step.data["team"]
    supporting = step.data.get("supporting") or []
    if not team.active or team in supporting:
        raise InvalidInput("team", _("Choose an active main team that is not among the supporting ones."))
    step.kept["from_team"] = case.team_id
    case.dispatch(team=team, at=step.at)
    _ask(step, supporting, request=step.note, due_at=None)


def accept(step: Step) -> None:
    assert step.actor
    promised_at = step.data["promised_at"]
    _refuse_unfit_moment(step, "promised_at", promised_at)
    step.case.accept(handler=step.actor, promised_at=promised_at, at=step.at)


def send_back(step: Step) -> None:
    """Back to the team that dispatched it; whoever supports it is no longer needed."""
    step.kept["from_team"] = step.case.team_id
    step.case.send_back(at=step.at)
    step.waive_support()


def reassign(step: Step) -> None:
    case, handler = step.case, step.data["handler"]
    team = team_of_new_handler(case, handler, step.data.get("team"))
    refuse_unfit_handler(case, handler)
    step.kept["was"] = case.handler_id
    case.reassign(handler=handler, team=team, at=step.at)


def report_progress(step: Step) -> None:
    send = bool(step.data.get("send"))
    channel = step.data.get("channel") or ""
    if send and not channel:
        raise InvalidInput("channel", _("Say by which channel the customer was told."))
    step.case.report_progress(contact_at=step.at if send else None)
    if send:
        step.say(Direction.OUTBOUND, channel, step.note)


def ask_support(step: Step) -> None:
    _refuse_unfit_moment(step, "due_at", step.data["due_at"])
    step.case.ask_support()
    _ask(step, [step.data["team"]], request=step.data["request"], due_at=step.data["due_at"])


def _ask(step: Step, teams: Collection[Team], *, request: str, due_at: datetime | None) -> None:
    """Ask each of these teams for its part, in two statements however many they are."""
    case = step.case
    if any(not team.active or team.pk == case.team_id for team in teams):
        raise InvalidInput("team", _("Choose an active team other than the main one."))
    if _is_one_asked(case, teams):
        raise InvalidInput("team", _("This team is already asked and has not finished."))
    facts = {"request": request, "requested_by": step.actor, "requested_at": step.at, "due_at": due_at}
    step.asked += SupportRequest.objects.bulk_create(
        SupportRequest(case=case, round=case.current_round, team=team, **facts) for team in teams
    )


def _is_one_asked(case: Case, teams: Collection[Team]) -> bool:
    """Whether one of them has not finished what it was asked before, or is named twice."""
    named = {team.pk for team in teams}
    return len(named) < len(teams) or case.support_requests.unfinished().filter(team__in=named).exists()


def finish_support(step: Step) -> None:
    support = _own_unfinished(step)
    if step.actor and not step.actor.is_in(support.team_id):
        raise NotPermitted(_("Only a member of the supporting team may finish its part."))
    step.case.finish_support()
    support.result, support.finished_by, support.finished_at = step.data["result"], step.actor, step.at
    support.save(update_fields=["result", "finished_by", "finished_at"])


def waive_support(step: Step) -> None:
    support = _own_unfinished(step)
    step.case.waive_support()
    support.waived_at = step.at
    support.save(update_fields=["waived_at"])


def _own_unfinished(step: Step) -> SupportRequest:
    """The chosen request, read again under the lock: a foreign or finished one is refused."""
    found: SupportRequest | None = (
        step.case.support_requests.unfinished().filter(pk=step.data["support"].pk).first()
    )
    if found is None:
        raise InvalidInput("support", _("This support request is not open on this case any more."))
    return found


def wait_for(step: Step) -> None:
    step.case.wait_for(waiting_for=step.data["waiting_for"])


def resume(step: Step) -> None:
    step.kept["waited_for"] = step.case.waiting_for
    step.case.resume()


def submit_plan(step: Step) -> None:
    step.case.submit_plan()
    step.change_round(plan=step.data["plan"], plan_submitted_at=step.at)


def amend(step: Step) -> None:
    """Facts that were written down wrongly; what they were stays in the event."""
    case, facts = step.case, step.data
    topic = facts.get("topic", case.topic)
    if topic and topic.type != facts["type"]:
        raise InvalidInput("topic", _("This topic belongs to another type."))
    changed = {name: value for name, value in facts.items() if getattr(case, name) != value}
    if not changed:
        raise InvalidInput("description", _("Nothing was changed."))
    step.kept["was"] = {name: getattr(case, name) for name in changed}
    step.data = changed
    case.amend(**changed)


def add_note(step: Step) -> None:
    step.case.add_note()
    step.say(Direction.INTERNAL, "", step.note)


def remind(step: Step) -> None:
    step.case.remind(at=step.at)


def _moment_of_words(step: Step) -> datetime:
    """When the words were really said: not before the case came in, not in the future."""
    at: datetime = step.data.get("happened_at") or step.at
    if not step.case.received_at <= at <= step.at:
        raise InvalidInput("happened_at", _("Choose a moment between the receipt of the case and now."))
    return at


def _refuse_unfit_moment(step: Step, field: str, moment: datetime) -> None:
    if moment <= step.at:
        raise InvalidInput(field, _("This moment has already passed. Choose one in the future."))
    if moment > step.at + FARTHEST:
        raise InvalidInput(field, _("This moment is more than a year away. Look at the year."))


DOING: dict[str, Callable[[Step], None]] = {
    function.__name__: function
    for function in (
        begin_analysis,
        contact_customer,
        receive_message,
        confirm_details,
        set_urgency,
        dispatch,
        accept,
        send_back,
        reassign,
        report_progress,
        ask_support,
        finish_support,
        waive_support,
        wait_for,
        resume,
        submit_plan,
        amend,
        add_note,
        remind,
    )
}
