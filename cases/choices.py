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


OPEN_STATES = (State.INTAKE, State.ANALYSIS, State.HANDLING, State.CONFIRMATION)


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
