from cases.models.calendar import CalendarDay, CalendarWindow, CalendarYear, Weekday, WorkCalendar
from cases.models.case import Case
from cases.models.customer import ContactAccess, Customer, CustomerContact
from cases.models.customer_link import CustomerLink, Throttle
from cases.models.event import Attachment, CaseEvent, EventKind, Message
from cases.models.notice import (
    Announcement,
    ChannelSetting,
    Endpoint,
    Notice,
    NoticeMute,
    NoticeRule,
    PhraseTemplate,
)
from cases.models.operation import Heartbeat
from cases.models.organisation import Department, Staff, Team
from cases.models.record import CaseView, ExportRecord, ImportRecord, NumberDay
from cases.models.roster import Absence, DutyShift
from cases.models.round import Round, SupportRequest
from cases.models.routing import RoutingRule
from cases.models.service_level import (
    LadderStep,
    Rearming,
    ServiceLevel,
    ServiceLevelVersion,
    StandardsStamp,
)
from cases.models.session import StaffSession
from cases.models.timer import Escalation, Timer
from cases.models.topic import Topic

__all__ = [
    "Absence",
    "Announcement",
    "Attachment",
    "CalendarDay",
    "CalendarWindow",
    "CalendarYear",
    "Case",
    "CaseEvent",
    "CaseView",
    "ChannelSetting",
    "ContactAccess",
    "Customer",
    "CustomerContact",
    "CustomerLink",
    "Department",
    "DutyShift",
    "Endpoint",
    "Escalation",
    "EventKind",
    "ExportRecord",
    "Heartbeat",
    "ImportRecord",
    "LadderStep",
    "Message",
    "Notice",
    "NoticeMute",
    "NoticeRule",
    "NumberDay",
    "PhraseTemplate",
    "Rearming",
    "Round",
    "RoutingRule",
    "ServiceLevel",
    "ServiceLevelVersion",
    "Staff",
    "StaffSession",
    "StandardsStamp",
    "SupportRequest",
    "Team",
    "Throttle",
    "Timer",
    "Topic",
    "Weekday",
    "WorkCalendar",
]
