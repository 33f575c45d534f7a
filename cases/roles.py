"""
The rights of each role: the transitions of the table, and beside them what the admin asks for.

Roles are Django groups; the data migration 0003 gives them exactly these permissions.
"""

from __future__ import annotations

from cases.choices import Role
from cases.lifecycle import MOVES, permission_for

REFERENCE = (
    "department",
    "team",
    "topic",
    "routingrule",
    "workcalendar",
    "servicelevel",
    "servicelevelversion",
    "ladderstep",
    "noticerule",
    "phrasetemplate",
    "endpoint",
    "channelsetting",
    "dutyshift",
    "absence",
)
ROSTERS = tuple(f"{verb}_{model}" for model in ("dutyshift", "absence") for verb in ("add", "change"))
READ_CASES = (
    "view_case",
    "view_round",
    "view_supportrequest",
    "view_caseevent",
    "view_message",
    "view_attachment",
    "view_timer",
    "view_escalation",
    "view_customerlink",
)
READ_MACHINERY = ("view_notice", "view_heartbeat", "view_rearming", "view_announcement")
# Of the app django_celery_beat: what runs how often.
KEEP_SCHEDULE = (
    "view_periodictask",
    "change_periodictask",
    "view_intervalschedule",
    "add_intervalschedule",
    "change_intervalschedule",
)
READ_CUSTOMERS = ("view_customer", "view_customercontact")
KEEP_CUSTOMERS = (
    "add_customer",
    "change_customer",
    "add_customercontact",
    "change_customercontact",
    "reveal_contact",
)
READ_REFERENCE = tuple(f"view_{model}" for model in (*REFERENCE, "staff"))
KEEP_REFERENCE = tuple(f"{verb}_{model}" for model in (*REFERENCE, "staff") for verb in ("add", "change"))
FILES = ("department", "team", "topic", "customer")
TAKE_OUT = tuple(f"export_{model}" for model in FILES)
BRING_IN = tuple(f"import_{model}" for model in FILES)
READ_RECORDS = ("view_exportrecord", "view_importrecord", "view_contactaccess")

BESIDE_TRANSITIONS: dict[Role, tuple[str, ...]] = {
    Role.AGENT: (*READ_CASES, *READ_CUSTOMERS, *KEEP_CUSTOMERS, "register_case", "attach_file", "issue_link"),
    Role.SPECIALIST: (*READ_CASES, *READ_CUSTOMERS, "reveal_contact", "attach_file", "issue_link"),
    Role.SUPERVISOR: (
        *READ_CASES,
        *READ_CUSTOMERS,
        *KEEP_CUSTOMERS,
        *READ_REFERENCE,
        "view_department_case",
        "register_case",
        "lower_urgency",
        "attach_file",
        "issue_link",
        "export_case",
        "export_escalation",
        *ROSTERS,
    ),
    Role.MANAGER: (
        *READ_CASES,
        *READ_CUSTOMERS,
        *READ_REFERENCE,
        *READ_RECORDS,
        *READ_MACHINERY,
        *TAKE_OUT,
        *ROSTERS,
        "export_escalation",
        "replay_notice",
        "reveal_contact",
        "view_every_case",
        "import_case",
        "export_case",
    ),
    Role.AUDITOR: (
        *READ_CASES,
        *READ_CUSTOMERS,
        *READ_REFERENCE,
        *READ_RECORDS,
        *READ_MACHINERY,
        "view_every_case",
    ),
    Role.ADMINISTRATOR: (
        *READ_CASES,
        *READ_CUSTOMERS,
        *KEEP_CUSTOMERS,
        *READ_REFERENCE,
        *KEEP_REFERENCE,
        *READ_RECORDS,
        *READ_MACHINERY,
        *KEEP_SCHEDULE,
        *TAKE_OUT,
        *BRING_IN,
        *ROSTERS,
        "export_escalation",
        "replay_notice",
        "view_every_case",
        "import_case",
        "export_case",
    ),
}


def permissions_of(role: Role) -> frozenset[str]:
    """Codenames of everything this role may do, of the apps ``cases`` and ``django_celery_beat``."""
    moves = (permission_for(name) for name, row in MOVES.items() if role in row.roles)
    return frozenset((*BESIDE_TRANSITIONS[role], *moves))
