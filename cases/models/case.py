"""The case: facts of one request, and the transitions it can make."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin

from cases.choices import (
    CaseType,
    Channel,
    ClockKind,
    Confirmation,
    Outcome,
    Region,
    Source,
    State,
    Tier,
    Urgency,
    WaitingFor,
)
from cases.lifecycle import MOVES, permission_for
from cases.models.case_rules import CONSTRAINTS, INDEXES
from cases.moves import move
from cases.querysets import CaseQuerySet
from cases.searching import search_tokens

if TYPE_CHECKING:
    from cases.models.organisation import Staff, Team
    from cases.models.round import Round, SupportRequest
    from cases.standards import Standards


class Case(FSMModelMixin, models.Model):
    """
    One request of one customer.

    Transition methods change fields of this instance in memory and nothing else. What must also happen
    (lock, rights, event, round, messages) is in ``cases.services``, their only caller.
    ``version`` is the number of events; moments are aware and kept in UTC.
    """

    number = models.CharField(_("case number"), max_length=24, editable=False)
    customer = models.ForeignKey(
        "cases.Customer", models.PROTECT, verbose_name=_("customer"), related_name="cases"
    )
    contact = models.ForeignKey(
        "cases.CustomerContact",
        models.PROTECT,
        verbose_name=_("contact"),
        related_name="cases",
        null=True,
        blank=True,
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices)
    source = models.CharField(_("source"), max_length=20, choices=Source.choices, default=Source.STAFF)
    type = models.CharField(_("type"), max_length=20, choices=CaseType.choices)
    topic = models.ForeignKey(
        "cases.Topic", models.PROTECT, verbose_name=_("topic"), related_name="cases", null=True, blank=True
    )
    description = models.TextField(_("description"))
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency.choices, default=Urgency.NORMAL)
    region = models.CharField(_("region"), max_length=20, choices=Region.choices, blank=True)
    product = models.CharField(_("product"), max_length=120, blank=True)
    order_number = models.CharField(_("order number"), max_length=60, blank=True)
    amount = models.DecimalField(_("amount (CNY)"), max_digits=12, decimal_places=2, null=True, blank=True)
    remark = models.TextField(_("remark"), blank=True)

    received_at = models.DateTimeField(_("received at"))
    expected_at = models.DateTimeField(_("expected by the customer"), null=True, blank=True)
    details_confirmed_at = models.DateTimeField(_("details confirmed at"), null=True, editable=False)
    first_response_at = models.DateTimeField(_("first response at"), null=True, editable=False)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, editable=False)
    promised_at = models.DateTimeField(_("promised completion time"), null=True, editable=False)
    triage_since = models.DateTimeField(_("to be triaged since"), null=True, editable=False)
    offered_at = models.DateTimeField(_("offered for acceptance at"), null=True, editable=False)
    contacted_at = models.DateTimeField(_("last told the customer at"), null=True, editable=False)
    # The clocks of a case that was brought in from elsewhere count from this moment at the earliest.
    clocks_from = models.DateTimeField(_("clocks count from"), null=True, editable=False)
    due_at = models.DateTimeField(_("next deadline"), null=True, editable=False)
    due_clock = models.CharField(
        _("next clock"), max_length=24, choices=ClockKind.choices, blank=True, editable=False
    )
    reminded_at = models.DateTimeField(_("reminded at"), null=True, editable=False)
    state_since = models.DateTimeField(_("in this state since"), editable=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, editable=False)

    state = FSMField(
        _("state"), max_length=20, choices=State.choices, default=State.INTAKE, protected=True, editable=False
    )
    team = models.ForeignKey(
        "cases.Team", models.PROTECT, verbose_name=_("main team"), related_name="cases", null=True, blank=True
    )
    # Took the case in, or dispatched it last: gets it back when it is sent back, and keeps seeing it.
    intake_team = models.ForeignKey(
        "cases.Team", models.PROTECT, verbose_name=_("intake team"), related_name="+", null=True, blank=True
    )
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.FRONT_LINE)
    service_level = models.ForeignKey(
        "cases.ServiceLevelVersion",
        models.PROTECT,
        verbose_name=_("service level"),
        related_name="cases",
        null=True,
        editable=False,
    )
    handler = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("handler"),
        related_name="handled_cases",
        null=True,
        blank=True,
    )
    handler_name = models.CharField(
        _("handler as written"),
        max_length=80,
        blank=True,
        help_text=_("A handler of an imported case who is no staff."),
    )
    waiting_for = models.CharField(_("waiting for"), max_length=20, choices=WaitingFor.choices, blank=True)
    bounce_count = models.PositiveSmallIntegerField(_("times sent back"), default=0)
    round_number = models.PositiveSmallIntegerField(_("round"), default=1)
    confirmation = models.CharField(
        _("customer confirmation"), max_length=20, choices=Confirmation.choices, blank=True
    )
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, blank=True)
    duplicate_of = models.ForeignKey(
        "self",
        models.PROTECT,
        verbose_name=_("duplicate of"),
        related_name="duplicates",
        null=True,
        blank=True,
    )
    legal_hold = models.BooleanField(_("legal hold"), default=False)
    links_revoked_at = models.DateTimeField(_("links revoked at"), null=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=0)
    search_text = models.TextField(editable=False, blank=True)

    # Set by the lock that every write begins with (services.steps).
    is_seen: bool
    locked_for: Staff | None
    locked_at: datetime
    locked_beside: dict[int, Case]
    standards: Standards

    objects: ClassVar[CaseQuerySet] = CaseQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-received_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("view_every_case", "May see every case"),
            ("view_department_case", "May see the cases of the department and those without a team"),
            ("register_case", "May register a case"),
            ("lower_urgency", "May lower the urgency of a case"),
            ("attach_file", "May attach a file to a case"),
            ("import_case", "May import record sheets"),
            ("export_case", "May export record sheets"),
            *((permission_for(name), f"May make the transition: {name}") for name in MOVES),
        ]
        constraints = CONSTRAINTS
        indexes = INDEXES

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """Type and topic as staff say it: 投诉-物流延迟."""
        return f"{self.get_type_display()}-{self.topic}" if self.topic_id else self.get_type_display()

    @property
    def handler_label(self) -> str:
        return str(self.handler or self.handler_name)

    @property
    def is_open(self) -> bool:
        return bool(self.state != State.ARCHIVE)

    @cached_property
    def current_round(self) -> Round:
        current: Round = self.rounds.select_related("handler").get(number=self.round_number)
        return current

    @cached_property
    def unfinished_supports(self) -> list[SupportRequest]:
        return [support for support in self.support_requests.all() if support.is_unfinished]

    def searchable_text(self) -> str:
        """Tokens of everything the case is found by; contact data is not among it."""
        return search_tokens(
            self.number,
            self.order_number,
            self.customer.number,
            self.customer.name,
            self.product,
            self.remark,
            self.description,
        )

    # The transitions: fields of self only. From, to, rights and conditions are in cases.lifecycle.

    @move
    def begin_analysis(self, *, handler: Staff) -> None:
        self._give_to(handler)

    @move
    def contact_customer(self, *, at: datetime) -> None:
        self.note_contact(at)

    @move
    def receive_message(self) -> None: ...

    @move
    def confirm_details(self, *, at: datetime) -> None:
        self.details_confirmed_at = at

    @move
    def set_urgency(self, *, urgency: str) -> None:
        self.urgency = urgency

    @move
    def answer_directly(self) -> None:
        self.waiting_for = ""
        self.confirmation = Confirmation.PENDING

    @move
    def dispatch(self, *, team: Team, at: datetime) -> None:
        self.intake_team = self.team
        self._offer_to(team)
        self.offered_at = at

    @move
    def accept(self, *, handler: Staff, promised_at: datetime, at: datetime) -> None:
        self._give_to(handler)
        self.accepted_at = at
        self.promised_at = promised_at

    @move
    def send_back(self, *, at: datetime) -> None:
        # An imported case may have no intake team; it stays where it is, for no case is ever nobody's.
        self._offer_to(self.intake_team or self.team)
        self.bounce_count += 1
        self.triage_since = at

    @move
    def reassign(self, *, handler: Staff, team: Team, at: datetime) -> None:
        self._offer_to(team)
        self._give_to(handler)
        self.offered_at = at

    @move
    def report_progress(self, *, contact_at: datetime | None) -> None:
        self.reminded_at = None
        if contact_at is not None:
            self.note_contact(contact_at)

    @move
    def ask_support(self) -> None: ...

    @move
    def finish_support(self) -> None: ...

    @move
    def waive_support(self) -> None: ...

    @move
    def wait_for(self, *, waiting_for: str) -> None:
        self.waiting_for = waiting_for

    @move
    def resume(self) -> None:
        self.waiting_for = ""

    @move
    def submit_plan(self) -> None: ...

    @move
    def deliver(self) -> None:
        self.confirmation = Confirmation.PENDING

    @move
    def confirm(self, *, at: datetime) -> None:
        self._archive(Outcome.CONFIRMED, at)
        self.confirmation = Confirmation.SATISFIED

    @move
    def dispute(self, *, handler: Staff | None, at: datetime) -> None:
        self._offer_to(self.team)
        self.round_number += 1
        self.outcome = ""
        self.archived_at = None
        self.confirmation = Confirmation.DISSATISFIED
        self.handler = handler
        self.offered_at = at

    @move
    def change_word(self) -> None: ...

    @move
    def expire(self, *, at: datetime) -> None:
        self._archive(Outcome.UNANSWERED, at)
        self.confirmation = Confirmation.UNANSWERED

    @move
    def withdraw(self, *, at: datetime) -> None:
        self._archive(Outcome.WITHDRAWN, at)

    @move
    def decline(self, *, at: datetime) -> None:
        self._archive(Outcome.DECLINED, at)

    @move
    def mark_duplicate(self, *, other: Case, at: datetime) -> None:
        self._archive(Outcome.DUPLICATE, at)
        self.duplicate_of = other

    @move
    def reopen(self, *, handler: Staff | None, at: datetime) -> None:
        self._offer_to(self.intake_team or self.team)
        self.handler = handler
        self.round_number += 1
        self.triage_since = at
        self.outcome = ""
        self.archived_at = None
        self.confirmation = ""
        self.duplicate_of = None

    @move
    def amend(self, **facts: object) -> None:
        for name, value in facts.items():
            setattr(self, name, value)
        self.search_text = self.searchable_text()

    @move
    def add_note(self) -> None: ...

    @move
    def remind(self, *, at: datetime) -> None:
        self.reminded_at = at

    @move
    def raise_tier(self) -> None:
        self.tier += 1

    @move
    def hold_legally(self) -> None:
        self.legal_hold = True

    @move
    def release_hold(self) -> None:
        self.legal_hold = False

    def note_contact(self, at: datetime) -> None:
        """A contact with the customer: the first and the last one are kept on the case."""
        self.first_response_at = min(self.first_response_at or at, at)
        self.contacted_at = max(self.contacted_at or at, at)
        self.reminded_at = None

    def _give_to(self, handler: Staff) -> None:
        self.handler = handler
        self.handler_name = ""
        self.reminded_at = None

    def _offer_to(self, team: Team | None) -> None:
        """Nobody handles it until somebody of the team accepts; earlier promises of time are void."""
        self.team = team
        self.tier = team.tier if team else self.tier
        self.handler = None
        self.handler_name = ""
        self.accepted_at = None
        self.promised_at = None
        self.waiting_for = ""
        self.reminded_at = None

    def _archive(self, outcome: Outcome, at: datetime) -> None:
        self.outcome = outcome
        self.archived_at = at
        self.waiting_for = ""
        self.reminded_at = None
        if self.confirmation == Confirmation.PENDING:
            self.confirmation = ""
