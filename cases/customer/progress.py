"""How a request stands, in words for the one who made it: teams and dates, no names but of who will call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from cases.choices import Confirmation, Outcome, State, WaitingFor
from cases.models import EventKind, Timer
from cases.timers import CALLED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.utils.functional import Promise

    from cases.models import Case, CaseEvent, Round

MOST_TOLD = 50
STEPS: dict[str, Promise] = {
    State.INTAKE: pgettext_lazy("customer", "Received"),
    State.ANALYSIS: pgettext_lazy("customer", "Looked into"),
    State.HANDLING: pgettext_lazy("customer", "Worked on"),
    State.CONFIRMATION: pgettext_lazy("customer", "Your answer"),
    State.ARCHIVE: pgettext_lazy("customer", "Closed"),
}
HEADINGS: dict[str, Promise] = {
    State.INTAKE: _("We have received your request."),
    State.ANALYSIS: _("We are looking into your request."),
    State.HANDLING: _("We are working on your request."),
    State.CONFIRMATION: _("We have a result for you."),
    Outcome.CONFIRMED: _("Your request is closed. Thank you for your answer."),
    Outcome.UNANSWERED: _("We closed your request because we did not hear from you."),
    Outcome.WITHDRAWN: _("Your request was withdrawn and is closed."),
    Outcome.DECLINED: _("We closed your request. If you do not agree, please call us."),
    Outcome.DUPLICATE: _("We go on with this together with another request of yours."),
}
TOLD: dict[str, Promise] = {
    EventKind.REGISTER: _("We received your request."),
    EventKind.BEGIN_ANALYSIS: _("We began to look into it."),
    EventKind.CONTACT_CUSTOMER: _("We told you how it stands."),
    EventKind.REPORT_PROGRESS: _("We told you how it stands."),
    EventKind.RECEIVE_MESSAGE: _("We noted what you told us."),
    EventKind.DISPATCH: _("Passed on to “%(team)s”."),
    EventKind.ACCEPT: _("“%(team)s” took it on."),
    EventKind.ANSWER_DIRECTLY: _("“%(team)s” has a result for you."),
    EventKind.DELIVER: _("“%(team)s” has a result for you."),
    EventKind.CONFIRM: _("You told us that it is solved."),
    EventKind.DISPUTE: _("You told us that you are not satisfied. We took it up again."),
    EventKind.CHANGE_WORD: _("You changed your answer."),
    EventKind.EXPIRE: _("Closed, because we did not hear from you."),
    EventKind.WITHDRAW: _("Closed."),
    EventKind.DECLINE: _("Closed."),
    EventKind.MARK_DUPLICATE: _("Closed."),
    EventKind.REOPEN: _("Taken up again."),
}


@dataclass(frozen=True)
class Call:
    """Who will call a customer who was not satisfied, and by when; ``late`` once that has passed."""

    who: str
    by: datetime | None
    late: bool


@dataclass(frozen=True)
class Done:
    """One thing that was done, told to the customer."""

    at: datetime
    words: str


@dataclass(frozen=True)
class Standing:
    """Where a request is: ``steps`` are label, whether passed, whether present."""

    heading: str
    steps: list[tuple[Promise, bool, bool]]
    team: str
    promised_at: datetime | None
    waits_for_customer: bool
    call: Call | None
    went_on: bool
    told_handler: bool
    done: list[Done]


def standing_of(case: Case, about: Round, at: datetime) -> Standing:
    """In the active language, for the customer who holds a link to this round."""
    went_on = about.number < case.round_number
    return Standing(
        heading=str(HEADINGS[case.outcome or case.state]),
        steps=list(steps_of(case)),
        team=str(case.team) if case.team and case.is_open else "",
        promised_at=_promise_of(case, at),
        waits_for_customer=case.waiting_for == WaitingFor.CUSTOMER,
        call=call_of(case, at),
        went_on=went_on,
        told_handler=went_on and bool(about.solved) and case.is_open,
        done=list(done_in(case)),
    )


def _promise_of(case: Case, at: datetime) -> datetime | None:
    """While it may yet be kept."""
    kept = case.state == State.HANDLING and case.promised_at and case.promised_at > at
    return case.promised_at if kept else None


def steps_of(case: Case) -> Iterator[tuple[Promise, bool, bool]]:
    present = list(State).index(State(case.state))
    for place, state in enumerate(State):
        yield STEPS[state], place < present, place == present


def call_of(case: Case, at: datetime) -> Call | None:
    """After a dispute, until there is a plan: the handler, or the team while there is none."""
    disputed = case.confirmation == Confirmation.DISSATISFIED
    in_work = case.state in (State.ANALYSIS, State.HANDLING)
    if not (disputed and in_work and case.current_round.lacks_plan):
        return None
    by = _calls_by(case)
    who = case.handler_label or (str(case.team) if case.team else "")
    return Call(who or pgettext("customer", "One of us"), by, by is not None and by < at)


def _calls_by(case: Case) -> datetime | None:
    due = dict(
        Timer.objects.running()
        .filter(case=case, round_number=case.round_number, kind__in=CALLED_BY)
        .values_list("kind", "due_at")
    )
    return next((due[kind] for kind in CALLED_BY if due.get(kind)), None)


def done_in(case: Case) -> Iterator[Done]:
    """The newest first; what is internal is left out."""
    events = case.events.filter(kind__in=TOLD).select_related("team").order_by("-seq")
    for event in events[:MOST_TOLD]:
        if event.kind != EventKind.REPORT_PROGRESS or event.data.get("send"):
            yield Done(event.at, words_of(event))


def words_of(event: CaseEvent) -> str:
    words = str(TOLD[event.kind])
    names: dict[str, Any] = {"team": event.team or pgettext("customer", "One of us")}
    return words % names if "%(" in words else words
