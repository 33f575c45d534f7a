"""The outbox: what is owed to whom because of an event, by which rules, in which words."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cases.choices import Audience, ClockKind, Language, NoticeChannel, NoticeState, Situation, Whom
from cases.models.event import EventKind
from cases.querysets import AnnouncementQuerySet, NoticeQuerySet


class Announcement(models.Model):
    """
    An event whose notices are still to be worked out; written with the event, in its transaction.

    Removed when the notices are in the outbox. One that cannot be worked out is held back with a growing
    delay and shown, and keeps no other waiting.
    """

    event = models.OneToOneField(
        "cases.CaseEvent", models.PROTECT, verbose_name=_("event"), related_name="announcement"
    )
    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("failed attempts"), default=0)
    held_until = models.DateTimeField(_("held back until"), null=True)
    error = models.TextField(_("error"), blank=True)

    objects: ClassVar[AnnouncementQuerySet] = AnnouncementQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.event_id)


class Metered(models.Model):
    """
    A way to the outside with its breaker and its rate; written while sending, under a lock on the row.

    ``failures`` counts those in a row; from a number of them on the breaker is open until ``open_until`` and
    nothing is tried. ``begun_lately`` says how many attempts were begun in which second (of the epoch), for
    the last minute.
    """

    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    open_until = models.DateTimeField(_("not tried until"), null=True, editable=False)
    begun_lately = models.JSONField(default=dict, editable=False)

    class Meta:
        abstract = True


class Endpoint(Metered):
    """
    Where robots, webhooks and the SMS gateway are reached.

    ``secret`` signs what is sent (DingTalk, Feishu, webhook) and is shown to nobody. ``options`` are those of
    the SMS gateway: method, headers and body as templates (``cases.channels.sms``). Each robot,
    webhook and gateway has a breaker of its own: a broken one does not stop the others.
    """

    name = models.CharField(_("name"), max_length=80)
    channel = models.CharField(_("channel"), max_length=10, choices=NoticeChannel.choices)
    url = models.CharField(_("address"), max_length=500)
    secret = models.CharField(_("secret"), max_length=200, blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    team = models.ForeignKey(
        "cases.Team",
        models.PROTECT,
        verbose_name=_("team"),
        related_name="endpoints",
        null=True,
        blank=True,
        help_text=_("Only cases of this team are told here; empty means all."),
    )
    language = models.CharField(
        _("language"), max_length=10, choices=Language.choices, default=Language.CHINESE
    )
    personal_data = models.BooleanField(
        _("may receive personal data"),
        default=False,
        help_text=_("Without it, customers' names and numbers are left out."),
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("robot, webhook or gateway")
        verbose_name_plural = _("robots, webhooks and gateways")
        ordering = ["channel", "name"]
        constraints = [models.UniqueConstraint(fields=["name"], name="endpoint_name_is_unique")]

    def __str__(self) -> str:
        return self.name


class NoticeRule(models.Model):
    """
    Who is told of which kind of event by which channel.

    ``required`` notices cannot be muted. ``urgent`` ones pass quiet hours; so do those of urgent cases.
    """

    event_kind = models.CharField(_("event"), max_length=30)
    whom = models.CharField(_("whom"), max_length=16, choices=Whom.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=NoticeChannel.choices)
    endpoint = models.ForeignKey(
        Endpoint, models.PROTECT, verbose_name=_("robot or webhook"), related_name="+", null=True, blank=True
    )
    required = models.BooleanField(_("required"), default=False)
    urgent = models.BooleanField(_("urgent"), default=False)
    active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("notice rule")
        verbose_name_plural = _("notice rules")
        ordering = ["event_kind", "whom", "channel"]
        constraints = [
            models.UniqueConstraint(
                fields=["event_kind", "whom", "channel"],
                condition=Q(endpoint=None),
                name="notice_rule_is_kept_once",
            ),
            models.UniqueConstraint(
                fields=["event_kind", "channel", "endpoint"], name="notice_rule_is_kept_once_per_endpoint"
            ),
            models.CheckConstraint(
                condition=(Q(whom=Whom.ENDPOINT) & Q(endpoint__isnull=False))
                | (~Q(whom=Whom.ENDPOINT) & Q(endpoint=None)),
                name="notice_rule_names_its_endpoint",
            ),
        ]

    def __str__(self) -> str:
        kind = name_of_situation(self.event_kind)
        return f"{kind} → {self.get_whom_display()} ({self.get_channel_display()})"


class NoticeMute(models.Model):
    """What a person does not want to be told by which channel; required notices come all the same."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("staff member"), related_name="mutes"
    )
    event_kind = models.CharField(_("event"), max_length=30)
    channel = models.CharField(_("channel"), max_length=10, choices=NoticeChannel.choices)

    class Meta:
        verbose_name = _("muted notice")
        verbose_name_plural = _("muted notices")
        ordering = ["staff_id", "event_kind", "channel"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["staff", "event_kind", "channel"], name="mute_is_kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.event_kind} {self.channel}"


class PhraseTemplate(models.Model):
    """
    The words of a situation in both languages: plain text with allow-listed placeholders in braces.

    ``situation`` is the kind of an event, of a clock (``escalate.triage``), or one of ``Situation``.
    """

    situation = models.CharField(_("situation"), max_length=40)
    audience = models.CharField(_("for"), max_length=10, choices=Audience.choices)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    subject_en = models.CharField(_("subject, English"), max_length=200)
    body_en = models.TextField(_("text, English"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("phrase template")
        verbose_name_plural = _("phrase templates")
        ordering = ["situation", "audience"]
        constraints = [models.UniqueConstraint(fields=["situation", "audience"], name="phrase_is_kept_once")]

    def __str__(self) -> str:
        return f"{name_of_situation(self.situation)} ({self.get_audience_display()})"


def name_of_situation(situation: str) -> str:
    """In the active language; levels of clocks are told apart by clock (``escalate.triage``)."""
    kind, _dot, clock = situation.partition(".")
    labels = {**dict(EventKind.choices), **dict(Situation.choices)}
    named = str(labels.get(kind, kind))
    return f"{named}: {dict(ClockKind.choices).get(clock, clock)}" if clock else named


class ChannelSetting(Metered):
    """
    How a channel is used, and whether it works at present.

    Quiet hours are local to ``time_zone``, their end may be the next morning. What is owed by a channel that
    is not active waits until it is. For robots, webhooks and SMS gateways ``per_minute`` holds for each,
    and the breaker is that of the ``Endpoint``.
    """

    channel = models.CharField(_("channel"), max_length=10, choices=NoticeChannel.choices, primary_key=True)
    active = models.BooleanField(_("active"), default=True)
    per_minute = models.PositiveIntegerField(_("most a minute"), default=600)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["channel"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="channel_quiet_hours_have_both_ends",
            ),
            models.CheckConstraint(condition=Q(per_minute__gte=1), name="channel_rate_is_not_zero"),
        ]

    def __str__(self) -> str:
        return self.get_channel_display()


class Notice(models.Model):
    """
    A notice owed: to one person, customer or endpoint by one channel. Never deleted.

    Sent by lease: claimed with ``lease_token`` until ``lease_until``, sent outside any transaction, and
    marked by the same token only. ``key`` goes out with every attempt (Message-ID, Idempotency-Key), so that
    the far side can fold doubles. ``owed_key`` makes each notice unique whatever runs twice. The address is
    looked up when sending and kept nowhere. ``attempts`` counts those begun, ``error`` says why the last one
    failed (``cases.channels.causes``); it is empty once sent.
    """

    event = models.ForeignKey(
        "cases.CaseEvent", models.PROTECT, verbose_name=_("event"), related_name="notices", null=True
    )
    case = models.ForeignKey(
        "cases.Case", models.PROTECT, verbose_name=_("case"), related_name="notices", null=True
    )
    situation = models.CharField(_("situation"), max_length=40)
    channel = models.CharField(_("channel"), max_length=10, choices=NoticeChannel.choices)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("staff member"),
        related_name="notices",
        null=True,
    )
    customer = models.ForeignKey(
        "cases.Customer", models.PROTECT, verbose_name=_("customer"), related_name="notices", null=True
    )
    endpoint = models.ForeignKey(
        Endpoint, models.PROTECT, verbose_name=_("robot or webhook"), related_name="notices", null=True
    )
    in_place_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("in place of"), related_name="+", null=True
    )
    language = models.CharField(_("language"), max_length=10, choices=Language.choices)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    urgent = models.BooleanField(_("urgent"), default=False)
    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True)
    owed_key = models.CharField(_("owed once as"), max_length=120, unique=True)
    created_at = models.DateTimeField(_("owed since"), default=timezone.now)
    state = models.CharField(
        _("state"), max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING
    )
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("being sent until"), null=True)
    lease_token = models.UUIDField(null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    error = models.TextField(_("error"), blank=True)
    digest = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("digest"), related_name="parts", null=True
    )
    read_at = models.DateTimeField(_("read at"), null=True)
    replayed_at = models.DateTimeField(_("sent again at"), null=True)
    replayed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("sent again by"), related_name="+", null=True
    )

    objects: ClassVar[NoticeQuerySet] = NoticeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("outbox")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("replay_notice", "May send a notice again")]
        constraints = [
            models.CheckConstraint(
                condition=Q(staff__isnull=False, customer=None, endpoint=None)
                | Q(staff=None, customer__isnull=False, endpoint=None)
                | Q(staff=None, customer=None, endpoint__isnull=False),
                name="notice_has_one_recipient",
            ),
            models.CheckConstraint(
                condition=Q(state=NoticeState.SENT, sent_at__isnull=False)
                | (~Q(state=NoticeState.SENT) & Q(sent_at=None)),
                name="notice_sent_says_when",
            ),
            models.CheckConstraint(
                condition=Q(state=NoticeState.WAITING, next_attempt_at__isnull=False)
                | (~Q(state=NoticeState.WAITING) & Q(next_attempt_at=None)),
                name="notice_waiting_says_until_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=NoticeState.DEAD) | ~Q(error=""), name="notice_given_up_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at", "id"],
                name="notice_waiting",
                condition=Q(state=NoticeState.WAITING),
            ),
            models.Index(
                fields=["staff", "-id"],
                name="notice_unread",
                condition=Q(channel=NoticeChannel.INBOX, read_at=None),
            ),
            models.Index(fields=["case", "-id"], name="notice_of_case"),
            models.Index(fields=["-id"], name="notice_dead", condition=Q(state=NoticeState.DEAD)),
            models.Index(
                fields=["staff", "channel", "-sent_at"],
                name="notice_sent_lately",
                condition=Q(state=NoticeState.SENT),
            ),
            models.Index(
                fields=["staff", "channel"], name="notice_digests_of", condition=Q(situation=Situation.DIGEST)
            ),
        ]

    def __str__(self) -> str:
        return self.subject
