"""What the database holds of a case's rules, and by which paths its rows are found."""

from django.db import models
from django.db.models import Q

from cases.choices import CaseType, Confirmation, Outcome, State, Urgency

CASE_NUMBER = r"^CS[0-9]{8}[0-9]{3,}$"
IS_OPEN = ~Q(state=State.ARCHIVE)

CONSTRAINTS = [
    models.UniqueConstraint(fields=["number"], name="case_number_is_unique"),
    models.CheckConstraint(condition=Q(number__regex=CASE_NUMBER), name="case_number_has_its_pattern"),
    models.CheckConstraint(
        condition=Q(state=State.ARCHIVE, archived_at__isnull=False, outcome__in=Outcome.values)
        | Q(state__in=[s for s in State.values if s != State.ARCHIVE], archived_at=None, outcome=""),
        name="case_state_outcome_and_archived_at_agree",
    ),
    models.CheckConstraint(
        condition=Q(state=State.CONFIRMATION, confirmation=Confirmation.PENDING)
        | (~Q(state=State.CONFIRMATION) & ~Q(confirmation=Confirmation.PENDING)),
        name="case_pending_exactly_in_confirmation",
    ),
    models.CheckConstraint(
        condition=Q(duplicate_of=None) | ~Q(duplicate_of=models.F("id")),
        name="case_is_no_duplicate_of_itself",
    ),
    models.CheckConstraint(
        condition=Q(duplicate_of=None) | Q(outcome=Outcome.DUPLICATE),
        name="case_duplicate_has_its_outcome",
    ),
    models.CheckConstraint(
        condition=Q(first_response_at=None) | Q(first_response_at__gte=models.F("received_at")),
        name="case_response_is_not_before_intake",
    ),
    models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="case_amount_is_not_negative"),
    models.CheckConstraint(condition=Q(type__in=CaseType.values), name="case_type_is_known"),
    models.CheckConstraint(condition=Q(urgency__in=Urgency.values), name="case_urgency_is_known"),
    models.CheckConstraint(condition=Q(round_number__gte=1), name="case_rounds_start_at_one"),
    models.CheckConstraint(condition=Q(handler=None) | Q(handler_name=""), name="case_has_one_handler"),
]

INDEXES = [
    models.Index(fields=["-received_at", "-id"], name="case_newest"),
    models.Index(fields=["state", "-received_at", "-id"], name="case_state_newest"),
    models.Index(fields=["team", "-received_at", "-id"], name="case_team_newest"),
    models.Index(fields=["intake_team", "-received_at", "-id"], name="case_intake_newest"),
    models.Index(fields=["handler", "-received_at", "-id"], name="case_handler_newest"),
    models.Index(fields=["customer", "-received_at", "-id"], name="case_customer_newest"),
    models.Index(fields=["type", "topic", "-received_at", "-id"], name="case_topic_newest"),
    models.Index(fields=["handler", "due_at"], name="case_open_due", condition=IS_OPEN),
    models.Index(fields=["order_number"], name="case_order_number", condition=~Q(order_number="")),
    models.Index(fields=["due_at"], name="case_open_by_deadline", condition=IS_OPEN),
    models.Index(fields=["archived_at"], name="case_by_archiving", condition=Q(state=State.ARCHIVE)),
]
