"""What happened to a case: events, messages and attachments. Appended, never rewritten."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.choices import Channel, Direction, ScanState, State, WaitingFor


class EventKind(models.TextChoices):
    """One for each transition, in the past, and for what else is a fact of the case."""

    REGISTER = "register", _("Registered")
    BEGIN_ANALYSIS = "begin_analysis", _("Analysis begun")
    CONTACT_CUSTOMER = "contact_customer", _("Customer contacted")
    CONFIRM_DETAILS = "confirm_details", _("Details confirmed with the customer")
    SET_URGENCY = "set_urgency", _("Urgency changed")
    ANSWER_DIRECTLY = "answer_directly", _("Answered directly")
    DISPATCH = "dispatch", _("Dispatched")
    ACCEPT = "accept", _("Accepted")
    SEND_BACK = "send_back", _("Sent back")
    REASSIGN = "reassign", _("Reassigned")
    REPORT_PROGRESS = "report_progress", _("Progress reported")
    ASK_SUPPORT = "ask_support", _("Support asked for")
    FINISH_SUPPORT = "finish_support", _("Support finished")
    WAIVE_SUPPORT = "waive_support", _("Support waived")
    WAIT_FOR = "wait_for", _("Waiting begun")
    RESUME = "resume", _("Resumed")
    SUBMIT_PLAN = "submit_plan", _("Improvement plan submitted")
    DELIVER = "deliver", _("Result delivered")
    CONFIRM = "confirm", _("Confirmed by the customer")
    DISPUTE = "dispute", _("Customer not satisfied")
    EXPIRE = "expire", _("Archived without an answer")
    WITHDRAW = "withdraw", _("Withdrawn")
    DECLINE = "decline", _("Declined")
    MARK_DUPLICATE = "mark_duplicate", _("Marked as duplicate")
    REOPEN = "reopen", _("Reopened")
    AMEND = "amend", _("Facts corrected")
    ADD_NOTE = "add_note", _("Internal note added")
    REMIND = "remind", _("Handler reminded")
    HOLD_LEGALLY = "hold_legally", _("Put on legal hold")
    RELEASE_HOLD = "release_hold", _("Legal hold released")
    RECEIVE_MESSAGE = "receive_message", _("Message from the customer")
    ATTACH_FILE = "attach_file", _("File attached")
    ESCALATE = "escalate", _("A clock reached a level")
    REFUSE_ACTION = "refuse_action", _("The system could not act")
    RAISE_TIER = "raise_tier", _("Tier raised")
    CHANGE_WORD = "change_word", _("Customer changed their answer")
    LINK_DUPLICATE = "link_duplicate", _("A duplicate of this case was found")


class CaseEvent(models.Model):
    """
    An append-only fact. The database refuses changes, deletions and gaps (migration 0002).

    ``at`` is when it happened, ``recorded_at`` when we learned of it; both aware, in UTC. ``seq`` counts
    1..n within the case and equals the case's version right after the event. ``actor`` None is the system
    or the customer. ``data`` holds plain JSON; people and teams appear in it by id, never by name.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="events")
    seq = models.PositiveIntegerField(_("sequence"))
    kind = models.CharField(_("kind"), max_length=30, choices=EventKind.choices)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    from_state = models.CharField(_("from"), max_length=20, choices=State.choices, blank=True)
    to_state = models.CharField(_("to"), max_length=20, choices=State.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("actor"), related_name="+", null=True
    )
    team = models.ForeignKey(
        "cases.Team", models.PROTECT, verbose_name=_("team"), related_name="+", null=True
    )
    round_number = models.PositiveSmallIntegerField(_("round"), default=1)
    waiting_for = models.CharField(_("waiting for"), max_length=20, choices=WaitingFor.choices, blank=True)
    note = models.TextField(_("note"), blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    imported = models.BooleanField(_("imported"), default=False)
    cause_key = models.CharField(max_length=120, null=True, default=None)  # noqa: DJ001  NULL is unique-free

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["case_id", "seq"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["case", "seq"], name="event_seq_is_unique_in_its_case"),
            models.UniqueConstraint(fields=["cause_key"], name="event_cause_happens_once"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="event_seq_starts_at_one"),
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.get_kind_display()}"


class Message(models.Model):
    """Words to or from the customer, or an internal note. ``at`` is when it really happened."""

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="messages")
    event = models.OneToOneField(CaseEvent, models.PROTECT, verbose_name=_("event"), related_name="message")
    direction = models.CharField(_("direction"), max_length=10, choices=Direction.choices)
    channel = models.CharField(_("channel"), max_length=20, choices=Channel.choices, blank=True)
    body = models.TextField(_("message"))
    at = models.DateTimeField(_("at"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written by"), related_name="+", null=True
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(direction=Direction.INTERNAL) | ~Q(channel=""), name="message_has_its_channel"
            ),
            models.CheckConstraint(condition=~Q(body=""), name="message_is_not_empty"),
        ]

    def __str__(self) -> str:
        return self.body[:60]


def attachment_path(_attachment: Attachment, _name: str) -> str:
    """A random name below the private media folder; the sender's name is never part of a path."""
    name = secrets.token_hex(20)
    return f"attachments/{name[:2]}/{name}"


class Attachment(models.Model):
    """A file of a case, served only through a view that checks the case's row scope."""

    case = models.ForeignKey("cases.Case", models.PROTECT, verbose_name=_("case"), related_name="attachments")
    event = models.OneToOneField(
        CaseEvent, models.PROTECT, verbose_name=_("event"), related_name="attachment"
    )
    file = models.FileField(_("file"), upload_to=attachment_path, max_length=120)
    name = models.CharField(_("file name"), max_length=150)
    content_type = models.CharField(_("content type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    scan_state = models.CharField(
        _("virus scan"), max_length=10, choices=ScanState.choices, default=ScanState.UNSCANNED
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("uploaded by"), related_name="+", null=True
    )
    uploaded_at = models.DateTimeField(_("uploaded at"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["uploaded_at", "pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.name
