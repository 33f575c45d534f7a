from cases.models.case import Case
from cases.models.customer import ContactAccess, Customer, CustomerContact
from cases.models.event import Attachment, CaseEvent, EventKind, Message
from cases.models.organisation import Department, Staff, Team
from cases.models.record import CaseView, ExportRecord, ImportRecord, NumberDay
from cases.models.round import Round, SupportRequest
from cases.models.routing import RoutingRule
from cases.models.session import StaffSession
from cases.models.topic import Topic

__all__ = [
    "Attachment",
    "Case",
    "CaseEvent",
    "CaseView",
    "ContactAccess",
    "Customer",
    "CustomerContact",
    "Department",
    "EventKind",
    "ExportRecord",
    "ImportRecord",
    "Message",
    "NumberDay",
    "Round",
    "RoutingRule",
    "Staff",
    "StaffSession",
    "SupportRequest",
    "Team",
    "Topic",
]
