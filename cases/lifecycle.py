"""
The transitions of a case as one table: from where to where, who, on which conditions, asking for what.

Everything that must agree about the lifecycle reads this table: the model's transition methods, the
service's checks, the rights of the roles, the dialogs of the admin, the picture in the docs, and the
tests that walk every state × transition × role. The source of the rows is the lifecycle paper; what was
added to it (amend, add_note, remind, the legal hold) is argued in docs/decisions.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cases import conditions as when
from cases.asking import Ask, Input, Move
from cases.choices import BEFORE_RESULT, OPEN_STATES, Role, State

WORKERS = (Role.AGENT, Role.SPECIALIST, Role.SUPERVISOR)
HANDLERS = (*WORKERS, Role.MANAGER)  # a manager becomes handler where no supervisor is left
UNDER_WAY = (State.ANALYSIS, State.HANDLING)

_RESULT = Input(
    "result", Ask.TEXT, _("Result"), help=_("What was done for the customer, in words they read.")
)
_CHANNEL = Input("channel", Ask.CHANNEL, _("Channel"))
_HAPPENED_AT = Input(
    "happened_at", Ask.MOMENT, _("When it happened"), required=False, help=_("Empty means now.")
)

MOVES: dict[str, Move] = {
    "begin_analysis": Move(
        label=_("Begin analysis"),
        # From analysis too: a case that was sent back or reopened may have nobody yet.
        sources=(State.INTAKE, State.ANALYSIS),
        target=State.ANALYSIS,
        roles=(Role.AGENT,),
        relation=when.is_unclaimed_or_mine,
        conditions=(when.is_not_under_analysis,),
        likely=True,
    ),
    "contact_customer": Move(
        label=_("Contact the customer"),
        sources=OPEN_STATES,
        target=None,
        roles=HANDLERS,
        relation=when.is_responsible,
        inputs=(_CHANNEL, Input("message", Ask.TEXT, _("Message or call note")), _HAPPENED_AT),
    ),
    "receive_message": Move(
        label=_("Record the customer's words"),
        sources=OPEN_STATES,
        target=None,
        roles=WORKERS,
        relation=when.sees_the_case,
        inputs=(_CHANNEL, Input("message", Ask.TEXT, _("What the customer said")), _HAPPENED_AT),
    ),
    "confirm_details": Move(
        label=_("Confirm details"),
        sources=(State.INTAKE, State.ANALYSIS),
        target=None,
        roles=WORKERS,
        relation=when.is_responsible,
        conditions=(when.details_are_unconfirmed,),
    ),
    "set_urgency": Move(
        label=_("Change urgency"),
        sources=OPEN_STATES,
        target=None,
        roles=HANDLERS,
        relation=when.is_handler_or_supervisor,
        inputs=(Input("urgency", Ask.URGENCY, _("Urgency")),),
        note_required=True,
    ),
    "answer_directly": Move(
        label=_("Answer directly"),
        sources=(State.ANALYSIS,),
        target=State.CONFIRMATION,
        roles=(Role.AGENT,),
        conditions=(when.has_first_response, when.is_not_waiting, when.needs_no_plan),
        inputs=(_RESULT,),
        likely=True,
    ),
    "dispatch": Move(
        label=_("Dispatch"),
        sources=(State.ANALYSIS,),
        # When nobody has claimed the case in time; people claim it first.
        sources_without_actor=(State.INTAKE,),
        target=State.HANDLING,
        roles=(Role.AGENT,),
        inputs=(
            Input("team", Ask.TEAM, _("Main team")),
            Input("supporting", Ask.TEAMS, _("Supporting teams"), required=False),
        ),
        without_actor=True,
        likely=True,
    ),
    "accept": Move(
        label=_("Accept"),
        sources=(State.HANDLING,),
        target=None,
        roles=(Role.SPECIALIST, Role.SUPERVISOR, Role.MANAGER),
        relation=when.may_accept,
        conditions=(when.is_not_accepted,),
        inputs=(Input("promised_at", Ask.MOMENT, _("Promised completion time")),),
        likely=True,
    ),
    "send_back": Move(
        label=_("Send back"),
        sources=(State.HANDLING,),
        target=State.ANALYSIS,
        roles=(Role.SPECIALIST,),
        relation=when.works_in_main_team,
        note_required=True,
    ),
    "reassign": Move(
        label=_("Reassign"),
        sources=UNDER_WAY,
        target=None,
        roles=(Role.SUPERVISOR, Role.MANAGER),
        relation=when.is_handler_or_supervisor,
        inputs=(
            Input("handler", Ask.STAFF, _("Handler")),
            Input(
                "team",
                Ask.TEAM,
                _("Main team"),
                required=False,
                help=_("Empty keeps the present team where the new handler belongs to it."),
            ),
        ),
        note_required=True,
    ),
    "report_progress": Move(
        label=_("Report progress"),
        sources=(State.HANDLING,),
        target=None,
        roles=HANDLERS,
        inputs=(
            Input(
                "send",
                Ask.YES_NO,
                _("Tell the customer too"),
                required=False,
                help=_("The note is then also kept as a message to the customer."),
            ),
            Input("channel", Ask.CHANNEL, _("Channel"), required=False),
        ),
        note_required=True,
        likely=True,
    ),
    "ask_support": Move(
        label=_("Ask for support"),
        sources=(State.HANDLING,),
        target=None,
        roles=HANDLERS,
        inputs=(
            Input("team", Ask.TEAM, _("Supporting team")),
            Input("request", Ask.TEXT, _("What is asked of them")),
            Input("due_at", Ask.MOMENT, _("Wanted by")),
        ),
    ),
    "finish_support": Move(
        label=_("Finish support"),
        sources=(State.HANDLING,),
        target=None,
        roles=WORKERS,
        relation=when.works_in_supporting_team,
        conditions=(when.has_open_support,),
        inputs=(
            Input("support", Ask.SUPPORT, _("Support request")),
            Input("result", Ask.TEXT, _("Result of the support")),
        ),
        likely=True,
    ),
    "waive_support": Move(
        label=_("Waive support"),
        sources=(State.HANDLING,),
        target=None,
        roles=(Role.SUPERVISOR,),
        relation=when.is_supervisor_of_case,
        conditions=(when.has_open_support,),
        inputs=(Input("support", Ask.SUPPORT, _("Support request")),),
        note_required=True,
    ),
    "wait_for": Move(
        label=_("Wait"),
        sources=UNDER_WAY,
        target=None,
        roles=HANDLERS,
        conditions=(when.is_not_waiting,),
        inputs=(Input("waiting_for", Ask.WAITING_FOR, _("Waiting for")),),
        note_required=True,
    ),
    "resume": Move(
        label=_("Resume"),
        sources=UNDER_WAY,
        target=None,
        roles=HANDLERS,
        conditions=(when.is_waiting,),
        likely=True,
    ),
    "submit_plan": Move(
        label=_("Submit improvement plan"),
        sources=(State.HANDLING,),
        target=None,
        roles=HANDLERS,
        relation=when.is_handler_or_supervisor,
        conditions=(when.needs_plan,),
        inputs=(Input("plan", Ask.TEXT, _("Improvement plan")),),
        likely=True,
    ),
    "deliver": Move(
        label=_("Deliver the result"),
        sources=(State.HANDLING,),
        target=State.CONFIRMATION,
        roles=HANDLERS,
        conditions=(
            when.is_accepted,
            when.is_not_waiting,
            when.has_no_open_support,
            when.has_plan_if_needed,
        ),
        inputs=(
            _RESULT,
            Input(
                "proof",
                Ask.LINE,
                _("Proof"),
                required=False,
                help=_("Tracking number, repair record … Demanded for topics that need proof."),
            ),
        ),
        likely=True,
    ),
    "confirm": Move(
        label=_("Customer confirms"),
        sources=(State.CONFIRMATION,),
        target=State.ARCHIVE,
        roles=HANDLERS,
        relation=when.is_handler_or_stands_in,
        inputs=(
            Input(
                "score", Ask.SCORE, _("Score"), help=_("3 to 5: satisfied. The customer's own words decide.")
            ),
            Input("comment", Ask.TEXT, _("Customer's comment"), required=False),
            Input("channel", Ask.CHANNEL, _("Channel"), required=False),
        ),
        without_actor=True,
        likely=True,
    ),
    "dispute": Move(
        label=_("Customer is not satisfied"),
        sources=(State.CONFIRMATION,),
        target=State.HANDLING,
        roles=HANDLERS,
        relation=when.is_handler_or_stands_in,
        inputs=(
            Input("solved", Ask.YES_NO, _("The problem is solved"), required=False),
            Input(
                "score",
                Ask.SCORE,
                _("Score"),
                required=False,
                help=_("1 or 2 when the problem is solved but the customer is not satisfied."),
            ),
            Input("comment", Ask.TEXT, _("Customer's comment"), required=False),
            Input("channel", Ask.CHANNEL, _("Channel"), required=False),
        ),
        without_actor=True,
        likely=True,
        # The customer may take back a word given in time, or speak after the silence was taken for an answer.
        sources_without_actor=(State.ARCHIVE,),
        conditions=(when.may_still_be_disputed,),
    ),
    "change_word": Move(
        label=_("Customer changes their answer"),
        sources=(State.ANALYSIS, State.HANDLING, State.CONFIRMATION, State.ARCHIVE),
        target=None,
        roles=(),
        conditions=(when.has_word_to_change, when.is_not_on_legal_hold),
        inputs=(
            Input("of_round", Ask.ROUND, _("Round")),
            Input("solved", Ask.YES_NO, _("The problem is solved")),
            Input("score", Ask.SCORE, _("Score"), required=False),
            Input("comment", Ask.TEXT, _("Customer's comment"), required=False),
        ),
        without_actor=True,
    ),
    "expire": Move(
        label=_("Archive without an answer"),
        sources=(State.CONFIRMATION,),
        target=State.ARCHIVE,
        roles=(),
        without_actor=True,
    ),
    "withdraw": Move(
        label=_("Withdraw"),
        sources=OPEN_STATES,
        target=State.ARCHIVE,
        roles=HANDLERS,
        relation=when.is_handler_or_stands_in,
        note_required=True,
    ),
    "decline": Move(
        label=_("Decline"),
        sources=OPEN_STATES,
        target=State.ARCHIVE,
        roles=(Role.SUPERVISOR,),
        relation=when.is_supervisor_of_case,
        note_required=True,
    ),
    "mark_duplicate": Move(
        label=_("Mark as duplicate"),
        sources=OPEN_STATES,
        target=State.ARCHIVE,
        roles=HANDLERS,
        relation=when.is_handler_or_stands_in,
        inputs=(
            Input("other", Ask.CASE, _("The other case"), help=_("Its number, for example CS20241001001.")),
        ),
        note_required=True,
    ),
    "reopen": Move(
        label=_("Reopen"),
        sources=(State.ARCHIVE,),
        target=State.ANALYSIS,
        roles=WORKERS,
        relation=when.is_handler_or_supervisor,
        conditions=(when.may_still_be_reopened, when.is_not_on_legal_hold),
        note_required=True,
    ),
    "amend": Move(
        label=_("Correct the facts"),
        sources=OPEN_STATES,
        target=None,
        roles=WORKERS,
        relation=when.is_responsible,
        inputs=(
            Input("type", Ask.TYPE, _("Type")),
            Input("topic", Ask.TOPIC, _("Topic"), required=False),
            Input("description", Ask.TEXT, _("Description")),
            Input("product", Ask.LINE, _("Product"), required=False),
            Input("order_number", Ask.LINE, _("Order number"), required=False),
            Input("amount", Ask.AMOUNT, _("Amount (CNY)"), required=False),
            Input("region", Ask.REGION, _("Region"), required=False),
            Input("expected_at", Ask.MOMENT, _("Expected by the customer"), required=False),
            Input("remark", Ask.TEXT, _("Remark"), required=False),
        ),
    ),
    "add_note": Move(
        label=_("Add an internal note"),
        sources=OPEN_STATES,
        target=None,
        roles=(*WORKERS, Role.MANAGER),
        relation=when.sees_the_case,
        note_required=True,
    ),
    "remind": Move(
        label=_("Remind the handler"),
        sources=OPEN_STATES,
        target=None,
        roles=(Role.SUPERVISOR, Role.MANAGER),
        relation=when.sees_the_case,
        note_required=True,
    ),
    "raise_tier": Move(
        label=_("Raise the tier"),
        sources=BEFORE_RESULT,
        target=None,
        roles=(),
        conditions=(when.is_below_highest_tier,),
        without_actor=True,
    ),
    "hold_legally": Move(
        label=_("Put on legal hold"),
        sources=(State.ARCHIVE,),
        target=None,
        roles=(Role.MANAGER,),
        relation=when.sees_the_case,
        conditions=(when.is_not_on_legal_hold,),
        note_required=True,
    ),
    "release_hold": Move(
        label=_("Release the legal hold"),
        sources=(State.ARCHIVE,),
        target=None,
        roles=(Role.MANAGER,),
        relation=when.sees_the_case,
        conditions=(when.is_on_legal_hold,),
        note_required=True,
    ),
}


def permission_for(name: str) -> str:
    """Codename of the permission to make this transition, without the app label."""
    return f"may_{name}"
