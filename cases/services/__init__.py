"""Every write of more than one row. A case is changed by ``transition_case`` and in no other way."""

from cases.services.intake import PossibleDuplicate, RegisteredOtherwise, register_case
from cases.services.transitions import Offer, offers, refusal, transition_case

__all__ = [
    "Offer",
    "PossibleDuplicate",
    "RegisteredOtherwise",
    "offers",
    "refusal",
    "register_case",
    "transition_case",
]
