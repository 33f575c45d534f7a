"""
The lifecycle as the paper has it, written down a second time by hand, so that code and paper can disagree.

Where a person stands to a case is one letter:

    H  handles it
    T  belongs to its main team, and somebody else handles it
    F  belongs to its main team, and nobody handles it yet
    L  belongs to its department only, and somebody else handles it
    S  belongs to a supporting team of another department, and somebody else handles it
    O  belongs to neither

In ``who`` a small letter holds only while the case is in intake.
"""

from __future__ import annotations

from dataclasses import dataclass

POSITIONS = "HTFLSO"
ROLES = ("agent", "specialist", "supervisor", "manager", "auditor", "administrator")

# Row scope: who finds the case at all.
SEES = {
    "agent": "HTFS",
    "specialist": "HTFS",
    "supervisor": "HTFLS",
    "manager": POSITIONS,
    "auditor": POSITIONS,
    "administrator": POSITIONS,
}


@dataclass(frozen=True)
class PaperRow:
    """
    ``who`` maps a role to the positions it may do this from; ``demands`` are the answers it needs. From the
    states in ``alone`` only the system or the customer may.
    """

    sources: str
    target: str | None
    who: dict[str, str]
    demands: str = ""
    star: bool = False
    system: bool = False
    alone: str = ""


# Ours: a manager who became the handler does what a handler does (docs/decisions/011).
HANDLER = {"agent": "H", "specialist": "H", "supervisor": "H", "manager": "H"}
TEAM_IN_INTAKE = {"agent": "Hf", "specialist": "Hf", "supervisor": "Hf"}
HANDLER_OR_TEAM_IN_INTAKE = TEAM_IN_INTAKE | {"manager": "Hf"}
# Ours: where nobody (active) handles the case, its supervisor stands in (docs/decisions/011).
HANDLER_OR_STAND_IN = HANDLER | {"supervisor": "HF"}
HANDLER_OR_SUPERVISOR = HANDLER | {"supervisor": "HTFL"}
REOPENS = {"agent": "H", "specialist": "H", "supervisor": "HTFL"}
SUPERVISOR = {"supervisor": "HTFL"}
WHO_SEES = {"agent": "HTFS", "specialist": "HTFS", "supervisor": "HTFLS"}
OPEN = "intake analysis handling confirmation"

PAPER: dict[str, PaperRow] = {
    "begin_analysis": PaperRow("intake analysis", "analysis", {"agent": "hF"}),
    "contact_customer": PaperRow(OPEN, None, HANDLER_OR_TEAM_IN_INTAKE, "channel message"),
    "confirm_details": PaperRow("intake analysis", None, TEAM_IN_INTAKE),
    "set_urgency": PaperRow(OPEN, None, HANDLER_OR_SUPERVISOR, "urgency", star=True),
    "answer_directly": PaperRow("analysis", "confirmation", {"agent": "H"}, "result"),
    "dispatch": PaperRow("analysis", "handling", {"agent": "H"}, "team", system=True, alone="intake"),
    "accept": PaperRow(
        "handling", None, {"specialist": "HF", "supervisor": "HF", "manager": "HF"}, "promised_at"
    ),
    "send_back": PaperRow("handling", "analysis", {"specialist": "HTF"}, star=True),
    "reassign": PaperRow("analysis handling", None, SUPERVISOR | {"manager": "H"}, "handler", star=True),
    "report_progress": PaperRow("handling", None, HANDLER, star=True),
    "ask_support": PaperRow("handling", None, HANDLER, "team request due_at"),
    "finish_support": PaperRow(
        "handling", None, {"agent": "S", "specialist": "S", "supervisor": "S"}, "support result"
    ),
    "waive_support": PaperRow("handling", None, SUPERVISOR, "support", star=True),
    "wait_for": PaperRow("analysis handling", None, HANDLER, "waiting_for", star=True),
    "resume": PaperRow("analysis handling", None, HANDLER),
    "submit_plan": PaperRow("handling", None, HANDLER_OR_SUPERVISOR, "plan"),
    "deliver": PaperRow("handling", "confirmation", HANDLER, "result"),
    "confirm": PaperRow("confirmation", "archive", HANDLER_OR_STAND_IN, "score", system=True),
    "dispute": PaperRow("confirmation", "handling", HANDLER_OR_STAND_IN, system=True, alone="archive"),
    "expire": PaperRow("confirmation", "archive", {}, system=True),
    "withdraw": PaperRow(OPEN, "archive", HANDLER_OR_STAND_IN, star=True),
    "decline": PaperRow(OPEN, "archive", SUPERVISOR, star=True),
    "mark_duplicate": PaperRow(OPEN, "archive", HANDLER_OR_STAND_IN, "other", star=True),
    "reopen": PaperRow("archive", "analysis", REOPENS, star=True),
    # Not in the paper; argued in docs/decisions/011, the customer's second thoughts in 026.
    "change_word": PaperRow(
        "analysis handling confirmation archive", None, {}, "of_round solved", system=True
    ),
    "raise_tier": PaperRow("intake analysis handling", None, {}, system=True),
    "receive_message": PaperRow(OPEN, None, WHO_SEES, "channel message"),
    "amend": PaperRow(OPEN, None, TEAM_IN_INTAKE, "type description"),
    "add_note": PaperRow(OPEN, None, WHO_SEES | {"manager": POSITIONS}, star=True),
    "remind": PaperRow(OPEN, None, {"supervisor": "HTFLS", "manager": POSITIONS}, star=True),
    "hold_legally": PaperRow("archive", None, {"manager": POSITIONS}, star=True),
    "release_hold": PaperRow("archive", None, {"manager": POSITIONS}, star=True),
}


def expected(name: str, state: str, role: str | None, position: str) -> str:
    """What making the transition must come to: 'done', or the name of the refusal."""
    row = PAPER[name]
    if role and position not in SEES[role]:
        return "CaseNotFound"
    if state not in f"{row.sources} {row.alone if role is None else ''}".split():
        return "NotPossible"
    if role is None:
        return "done" if row.system else "NotPermitted"
    letters = row.who.get(role, "")
    if position in letters or (state == "intake" and position.lower() in letters):
        return "done"
    if name == "begin_analysis" and role == "agent" and position == "H":
        return "NotPossible"  # begun already, by this very agent
    return "NotPermitted"
