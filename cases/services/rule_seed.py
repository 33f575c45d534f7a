"""Who is told of what by which channel, to begin with; rules for robots are made in the admin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cases.choices import NoticeChannel, Whom

if TYPE_CHECKING:
    from collections.abc import Iterator

INBOX, EMAIL, SMS = NoticeChannel.INBOX, NoticeChannel.EMAIL, NoticeChannel.SMS


@dataclass(frozen=True)
class Seed:
    """These people are told by each of these channels."""

    whom: Whom
    channels: tuple[NoticeChannel, ...] = (INBOX,)
    required: bool = False
    urgent: bool = False


# A customer is told by the first that reaches them, never by both.
THE_CUSTOMER = Seed(Whom.CUSTOMER, (EMAIL, SMS), required=True)
RULES: dict[str, tuple[Seed, ...]] = {
    "register": (Seed(Whom.ON_DUTY),),
    "dispatch": (Seed(Whom.ON_DUTY, (INBOX, EMAIL)), Seed(Whom.SUPPORT_TEAM, (INBOX, EMAIL)), THE_CUSTOMER),
    "reassign": (Seed(Whom.HANDLER, (INBOX, EMAIL)),),
    # The supervisor is told from the second time on (cases.notices.rules).
    "send_back": (Seed(Whom.ON_DUTY, (INBOX, EMAIL)), Seed(Whom.SUPERVISOR)),
    "ask_support": (Seed(Whom.SUPPORT_TEAM, (INBOX, EMAIL)),),
    "finish_support": (Seed(Whom.HANDLER),),
    "waive_support": (Seed(Whom.HANDLER), Seed(Whom.SUPPORT_TEAM)),
    "deliver": (THE_CUSTOMER,),
    "answer_directly": (THE_CUSTOMER,),
    "dispute": (
        Seed(Whom.HANDLER, (INBOX, EMAIL), required=True, urgent=True),
        Seed(Whom.SUPERVISOR),
        Seed(Whom.MANAGER),
        THE_CUSTOMER,
    ),
    "submit_plan": (Seed(Whom.SUPERVISOR),),
    "confirm": (Seed(Whom.HANDLER),),
    "change_word": (Seed(Whom.HANDLER), Seed(Whom.SUPERVISOR)),
    "expire": (THE_CUSTOMER,),
    "reopen": (Seed(Whom.HANDLER, (INBOX, EMAIL)),),
    "set_urgency": (Seed(Whom.HANDLER, (INBOX, EMAIL)),),
    "remind": (Seed(Whom.HANDLER, (INBOX, EMAIL), required=True),),
    "receive_message": (Seed(Whom.HANDLER),),
    "attach_file": (Seed(Whom.HANDLER),),
    "add_note": (Seed(Whom.HANDLER),),
    "withdraw": (Seed(Whom.HANDLER),),
    "decline": (Seed(Whom.HANDLER),),
    "mark_duplicate": (Seed(Whom.HANDLER),),
    "link_duplicate": (Seed(Whom.HANDLER),),
    "raise_tier": (Seed(Whom.SUPERVISOR),),
    "refuse_action": (Seed(Whom.SUPERVISOR, required=True),),
}


def ensure_rules(apps: Any) -> None:
    """Create what is missing; what was edited meanwhile stays. ``apps`` is the registry of models."""
    rules = apps.get_model("cases", "NoticeRule").objects
    for key, flags in rule_rows():
        rules.get_or_create(**key, endpoint=None, defaults=flags)


def rule_rows() -> Iterator[tuple[dict[str, Any], dict[str, bool]]]:
    for kind, seeds in RULES.items():
        for seed in seeds:
            for channel in seed.channels:
                key = {"event_kind": kind, "whom": seed.whom.value, "channel": channel.value}
                yield key, {"required": seed.required, "urgent": seed.urgent}
