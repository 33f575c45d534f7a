"""Registering a customer's request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.choices import CaseType, Channel, Region, Source, Stage, State, Urgency
from cases.exceptions import CaseError, InvalidInput, NotPermitted
from cases.models import Case, CaseEvent, Customer, EventKind, Round, Team
from cases.services.answers import refuse_unfit_amount, refuse_unknown_choice
from cases.services.clocks import database_now, plan_sync, traits_of, write_timers
from cases.services.numbers import day_part, next_number, reserve_numbers
from cases.services.routing import Traits, find_rule
from cases.services.steps import SENT_AS, announce, is_sent_again, plain
from cases.services.unannounced import warn_of_unannounced
from cases.standards import present_standards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cases.models import Staff

OPTIONAL = frozenset(
    {"topic", "urgency", "region", "product", "order_number", "amount", "remark", "expected_at", "contact"}
)

KEPT = ("channel", "type", "topic", "urgency", "source")  # in the data of the first event
LONGEST_AGO = timedelta(days=3653)
MOST_ATTEMPTS = 3  # an import may bring the number just drawn; more than once in a row is no coincidence

CHOICES = {
    "channel": Channel.values,
    "type": CaseType.values,
    "urgency": Urgency.values,
    "region": ["", *Region.values],
    "source": Source.values,
}


class PossibleDuplicate(CaseError):
    """The customer has open cases of the same type; register anyway only on purpose."""

    def __init__(self, cases: Sequence[Case]) -> None:
        super().__init__(_("This customer already has an open case of this type. Look at it first."))
        self.cases = cases


class RegisteredOtherwise(CaseError):
    """The same page was sent before with other content, which became ``case``; this one is not stored."""

    def __init__(self, case: Case) -> None:
        words = _(
            "This page was sent already, with other content, and became %(case)s. Nothing was stored now: "
            "if this is another request, send it again."
        )
        super().__init__(words % {"case": case})
        self.case = case


def register_case(
    *,
    actor: Staff | None,
    customer: Customer,
    channel: str,
    type: str,
    description: str,
    team: Team | None = None,
    source: str = Source.STAFF,
    received_at: datetime | None = None,
    details_confirmed: bool = False,
    despite_duplicates: bool = False,
    cause_key: str | None = None,
    cause_digest: str = "",
    **facts: Any,
) -> Case:
    """
    Give the request its number and take it in: case, first round and first event in one transaction.

    Without a team the routing rules choose; ``received_at`` (aware) is now by default. The same ``cause_key``
    twice returns the first case, or raises RegisteredOtherwise where ``cause_digest`` tells that it came
    with other content. Raises NotPermitted, InvalidInput or PossibleDuplicate, nothing stored.
    """
    if actor and not actor.has_perm("cases.register_case"):
        raise NotPermitted
    now = database_now()
    case = Case(
        customer=customer,
        channel=channel,
        type=type,
        description=description.strip(),
        source=source,
        team=team,
        received_at=received_at or now,
        details_confirmed_at=now if details_confirmed else None,
        **_known(facts),
    )
    cause = Cause(cause_key, cause_digest)
    return _stored_once(case, actor=actor, at=now, cause=cause, despite=despite_duplicates)


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    if unknown := facts.keys() - OPTIONAL:
        raise TypeError(f"unknown facts: {', '.join(sorted(unknown))}")
    return facts


def _refuse_unusable(case: Case, now: datetime) -> None:
    if not case.description:
        raise InvalidInput("description", _("Describe the request in the customer's words."))
    if case.team and not case.team.active:
        raise InvalidInput("team", _("This team is not active any more. Choose another one."))
    for field, choices in CHOICES.items():
        refuse_unknown_choice(field, getattr(case, field), choices)
    refuse_unfit_amount("amount", case.amount)
    _refuse_foreign_relations(case)
    if case.received_at > now:
        raise InvalidInput("received_at", _("A request cannot be received in the future."))
    if case.received_at < now - LONGEST_AGO:
        raise InvalidInput("received_at", _("This is more than ten years ago. Look at the year."))


def _refuse_foreign_relations(case: Case) -> None:
    if case.topic and case.topic.type != case.type:
        raise InvalidInput("topic", _("This topic belongs to another type."))
    if case.contact and case.contact.customer_id != case.customer_id:
        raise InvalidInput("contact", _("This contact belongs to another customer."))


def _refuse_duplicate(case: Case, despite: bool) -> None:
    if despite:
        return
    if same := list(Case.objects.same_request(customer=case.customer, type=case.type)[:5]):
        raise PossibleDuplicate(same)


def _routed_team(case: Case) -> Team:
    rule = find_rule(
        Stage.INTAKE,
        Traits(case.type, case.topic, case.channel, case.region, case.customer.vip_level),
    )
    if rule is None:
        raise InvalidInput(
            "team", _("No routing rule fits this case. Choose a team, or add a rule that always fits.")
        )
    return rule.team


@dataclass(frozen=True)
class Cause:
    """What a case is registered for: its key, and a digest of what was sent, '' where nobody can tell."""

    key: str | None
    digest: str = ""

    def registered(self) -> Case | None:
        """The case it became already. Raises RegisteredOtherwise where that was made of other content."""
        events = CaseEvent.objects.filter(cause_key=self.key).select_related("case")
        event = events.first() if self.key else None
        if event and not is_sent_again(event, self.digest):
            raise RegisteredOtherwise(event.case)
        return event.case if event else None

    @property
    def kept(self) -> dict[str, str]:
        return {SENT_AS: self.digest} if self.digest else {}


def _stored_once(case: Case, *, actor: Staff | None, at: datetime, cause: Cause, despite: bool) -> Case:
    """
    The case, checked and stored, or the one of the same cause that is there already.

    Two of the same cause at the same time: whoever comes second finds the first one's case. A number that an
    import brought in at this moment: the next attempt draws one beyond.
    """
    attempts = 0
    while True:
        attempts += 1
        try:
            with transaction.atomic():
                if known := cause.registered():
                    return known
                _refuse_unusable(case, at)
                _refuse_duplicate(case, despite)
                _store(case, actor=actor, at=at, cause=cause)
                return case
        except IntegrityError:
            if known := cause.registered():
                return known
            if attempts == MOST_ATTEMPTS or not _is_taken(case.number):
                raise
            reserve_numbers(_numbers_of_same_day(case.number))


def _is_taken(number: str) -> bool:
    return Case.objects.filter(number=number).exists()


def _numbers_of_same_day(number: str) -> list[str]:
    same_day = Case.objects.filter(number__startswith=day_part(number))
    return list(same_day.values_list("number", flat=True))


def _store(case: Case, *, actor: Staff | None, at: datetime, cause: Cause) -> None:
    """The number is taken last, so that nothing is waited for while holding it."""
    case.region = case.region or case.customer.region
    team = case.team = case.intake_team = case.team or _routed_team(case)
    case.tier = team.tier
    case.state_since = case.triage_since = at
    case.version = 1
    case.standards = present_standards()
    case.service_level = case.standards.version_for(traits_of(case), case.received_at)
    timers = plan_sync(case, (), cause=EventKind.REGISTER, at=at)
    warn_of_unannounced(case.standards, timers)
    case.number = next_number(timezone.localdate(at))
    case.search_text = case.searchable_text()
    case.save(force_insert=True)
    Round.objects.create(case=case, number=1, opened_at=at)
    event = CaseEvent.objects.create(
        case=case,
        seq=1,
        kind=EventKind.REGISTER,
        at=at,
        to_state=State.INTAKE,
        actor=actor,
        team=team,
        data={name: plain(getattr(case, name)) for name in KEPT} | cause.kept,
        cause_key=cause.key,
    )
    write_timers(timers)
    announce([event])
