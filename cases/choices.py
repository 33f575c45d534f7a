"""
Enumerations of the product.

Stored values are lower-case English and never translated; labels are English in the source and
complete in Chinese. The words are those of the glossary.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(models.TextChoices):
    INTAKE = "intake", _("Intake")
    ANALYSIS = "analysis", _("Analysis")
    HANDLING = "handling", _("Handling")
    CONFIRMATION = "confirmation", _("Confirmation")
    ARCHIVE = "archive", _("Archive")


BEFORE_RESULT = (State.INTAKE, State.ANALYSIS, State.HANDLING)
OPEN_STATES = (*BEFORE_RESULT, State.CONFIRMATION)


class CaseType(models.TextChoices):
    CONSULTATION = "consultation", _("Consultation")
    COMPLAINT = "complaint", _("Complaint")
    SUGGESTION = "suggestion", _("Suggestion")
    AFTER_SALES = "after_sales", _("After-sales")


class Urgency(models.TextChoices):
    URGENT = "urgent", _("Urgent")
    IMPORTANT = "important", _("Important")
    NORMAL = "normal", _("Normal")

    @property
    def rank(self) -> int:
        """0 is the most pressing."""
        return list(Urgency).index(self)


class Channel(models.TextChoices):
    PHONE = "phone", _("Phone")
    WEB_CHAT = "web_chat", _("Web chat")
    EMAIL = "email", _("E-mail")
    SOCIAL_MEDIA = "social_media", _("Social media")
    APP = "app", _("App")
    WEB_FORM = "web_form", _("Web form")
    API = "api", _("API")


class ContactKind(models.TextChoices):
    """How a customer can be reached; phone and e-mail are kept in one normal form."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    WECHAT = "wechat", _("WeChat")
    OTHER = "other", pgettext_lazy("contact", "Other")


class Stage(models.TextChoices):
    """What a routing rule finds the team for."""

    INTAKE = "intake", _("The team that takes it in")
    DISPATCH = "dispatch", _("The team it is dispatched to")


class Source(models.TextChoices):
    """By which door a case came in."""

    STAFF = "staff", _("Registered by staff")
    IMPORT = "import", _("Imported")
    API = "api", _("API")
    MAIL = "mail", _("Mail")
    CUSTOMER_FORM = "customer_form", _("Customer form")
    SYSTEM = "system", _("System")


class Outcome(models.TextChoices):
    CONFIRMED = "confirmed", _("Confirmed by the customer")
    UNANSWERED = "unanswered", _("No answer, archived automatically")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DUPLICATE = "duplicate", _("Duplicate")
    DECLINED = "declined", _("Declined")


class Confirmation(models.TextChoices):
    """Where the customer's word stands (客户确认状态); blank while nobody has been asked."""

    PENDING = "pending", _("Awaiting confirmation")
    SATISFIED = "satisfied", _("Confirmed satisfied")
    DISSATISFIED = "dissatisfied", _("Dissatisfied, second handling")
    UNANSWERED = "unanswered", _("No reply, archived automatically")


class WaitingFor(models.TextChoices):
    CUSTOMER = "customer", _("Customer")
    SUPPLIER = "supplier", _("Supplier")
    SYSTEM = "system", pgettext_lazy("waiting for", "System")
    OTHER = "other", pgettext_lazy("waiting for", "Other")


class Tier(models.IntegerChoices):
    FRONT_LINE = 1, _("Tier 1, front line")
    SPECIALISTS = 2, _("Tier 2, specialists")
    EXPERTS = 3, _("Tier 3, experts")


class VipLevel(models.IntegerChoices):
    NONE = 0, _("Not VIP")
    SILVER = 1, _("Silver VIP")
    GOLD = 2, _("Gold VIP")
    PLATINUM = 3, _("Platinum VIP")


class Region(models.TextChoices):
    """Greater regions of China as service teams commonly divide it."""

    NORTH = "north", _("North China")
    NORTHEAST = "northeast", _("Northeast China")
    EAST = "east", _("East China")
    CENTRAL = "central", _("Central China")
    SOUTH = "south", _("South China")
    SOUTHWEST = "southwest", _("Southwest China")
    NORTHWEST = "northwest", _("Northwest China")
    ABROAD = "abroad", _("Hong Kong, Macao, Taiwan and abroad")


class Direction(models.TextChoices):
    INBOUND = "in", _("From the customer")
    OUTBOUND = "out", _("To the customer")
    INTERNAL = "internal", _("Internal note")


class ScoreSource(models.TextChoices):
    CUSTOMER = "customer", _("Given by the customer")
    ON_BEHALF = "on_behalf", _("Entered on behalf of the customer")


class ScanState(models.TextChoices):
    UNSCANNED = "unscanned", _("Not scanned for viruses")
    CLEAN = "clean", _("Scanned, clean")
    INFECTED = "infected", _("Infected, blocked")


class Role(models.TextChoices):
    """Roles are Django groups of these names."""

    AGENT = "agent", _("Agent")
    SPECIALIST = "specialist", _("Specialist")
    SUPERVISOR = "supervisor", _("Supervisor")
    MANAGER = "manager", _("Manager")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class Language(models.TextChoices):
    CHINESE = "zh-hans", _("Chinese")
    ENGLISH = "en", _("English")


class ClockKind(models.TextChoices):
    """Promises with a moment (时限); lifecycle paper 2.2."""

    FIRST_RESPONSE = "first_response", _("First response")
    TRIAGE = "triage", _("Triage")
    ACCEPTANCE = "acceptance", _("Acceptance")
    PROGRESS_UPDATE = "progress_update", _("Progress update")
    COMPLETION = "completion", _("Completion")
    SUPPORT = "support", _("Support")
    IMPROVEMENT_PLAN = "improvement_plan", _("Improvement plan")
    CONFIRMATION_REMINDER = "confirmation_reminder", _("Reminder to confirm")
    CONFIRMATION_EXPIRY = "confirmation_expiry", _("End of confirmation")
    RETENTION = "retention", _("Retention")


# Clocks that run once the customer has the result: their end is no breach of a promise of ours.
AFTER_RESULT = (ClockKind.CONFIRMATION_REMINDER, ClockKind.CONFIRMATION_EXPIRY, ClockKind.RETENTION)


class ClockEnd(models.TextChoices):
    """Why a clock no longer runs."""

    MET = "met", _("Kept")
    MISSED = "missed", _("Kept too late")
    VOID = "void", _("No longer needed")


class PauseOwner(models.TextChoices):
    """For whom a clock stands still: those a case waits for, and a legal hold."""

    CUSTOMER = "customer", _("Customer")
    SUPPLIER = "supplier", _("Supplier")
    SYSTEM = "system", pgettext_lazy("waiting for", "System")
    OTHER = "other", pgettext_lazy("waiting for", "Other")
    LEGAL_HOLD = "legal_hold", _("Legal hold")


class Whom(models.TextChoices):
    """Who is told, seen from the case."""

    HANDLER = "handler", _("Handler")
    ON_DUTY = "on_duty", _("Who is on duty in the team")
    TEAM = "team", _("Members of the team")
    TEAM_LEAD = "team_lead", _("Team lead")
    SUPPORT_TEAM = "support_team", _("Supporting team")
    SUPERVISOR = "supervisor", _("Supervisors of the department")
    MANAGER = "manager", _("Managers")
    ADMINISTRATOR = "administrator", _("Administrators")
    CUSTOMER = "customer", _("Customer")
    ENDPOINT = "endpoint", _("Robot or webhook")


class NoticeChannel(models.TextChoices):
    """By which way a notice travels."""

    INBOX = "inbox", _("Inbox")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    WECOM = "wecom", _("WeCom robot")
    DINGTALK = "dingtalk", _("DingTalk robot")
    FEISHU = "feishu", _("Feishu robot")
    WEBHOOK = "webhook", _("Webhook")


# Whom each channel reaches: people, customers, and what stands in a chat group.
TO_STAFF = (NoticeChannel.INBOX, NoticeChannel.EMAIL, NoticeChannel.SMS)
TO_CUSTOMERS = (NoticeChannel.EMAIL, NoticeChannel.SMS)
TO_ENDPOINTS = tuple(channel for channel in NoticeChannel if channel not in TO_STAFF)


def channels_to(whom: str) -> tuple[NoticeChannel, ...]:
    """By which channels these are reached."""
    others: dict[str, tuple[NoticeChannel, ...]] = {
        Whom.CUSTOMER: TO_CUSTOMERS,
        Whom.ENDPOINT: TO_ENDPOINTS,
    }
    return others.get(whom, TO_STAFF)


class NoticeState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    DEAD = "dead", _("Given up")
    DIGESTED = "digested", _("Sent as part of a digest")
    NEEDLESS = "needless", _("Not sent: no longer needed")


class Situation(models.TextChoices):
    """What there are words for beside the kinds of events."""

    ANYTHING = "event", _("Anything without words of its own")
    DIGEST = "digest", _("Many notices in one")
    ABSENCE = "absence", _("Somebody is away and another was told")
    UNREACHABLE = "unreachable", _("A customer cannot be reached by any channel")


class Audience(models.TextChoices):
    """For whom a phrase template is written."""

    STAFF = "staff", _("Staff")
    CUSTOMER = "customer", _("Customers")
    ROBOT = "robot", _("Robots and webhooks")


class LadderAction(models.TextChoices):
    """What a step of the ladder does beside telling somebody."""

    NOTHING = "", _("Nothing more")
    DISPATCH = "dispatch", _("Dispatch by routing rule")
    RAISE_TIER = "raise_tier", _("Raise the tier")
    EXPIRE = "expire", _("Archive without an answer")


class DayKind(models.TextChoices):
    """How a day of a calendar differs from its weekday."""

    CLOSED = "closed", _("Closed (holiday)")
    AS_WEEKDAY = "as_weekday", _("Works like another weekday (make-up working day)")
    OWN_WINDOWS = "own_windows", _("Own windows (half day)")


class StandardsChange(models.TextChoices):
    """What was changed, so that clocks are reckoned anew."""

    BEGINNING = "beginning", _("The standards to begin with")
    CALENDAR = "calendar", _("Calendar")
    TEAM_CALENDAR = "team_calendar", _("Calendar of the team")
    SERVICE_LEVEL = "service_level", _("Service level")
    LADDER = "ladder", _("Ladder")


class JobState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
