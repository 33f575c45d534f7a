"""
I5, each event × recipient: what events owe is worked out a second time and looked for in the outbox.

Rules, rosters, people and addresses stay as they are during a trial; only the cases go on. Whom "the handler"
meant depends on when the event was worked out, so any hands the case was in from then to now are as good.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cases.clock import database_now
from cases.models import CaseEvent, EventKind, Notice
from cases.notices.happenings import read_happenings
from cases.notices.owing import Ground, notices_owed
from cases.services.set_wise import batched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cases.notices.happenings import Happening

    Hands = tuple[int | None, int | None]  # handler and team

BATCH = 500
TAKES_IT = (EventKind.BEGIN_ANALYSIS, EventKind.ACCEPT)
GIVES_IT = (EventKind.REASSIGN, EventKind.DISPUTE, EventKind.REOPEN)
LAYS_IT_DOWN = (EventKind.DISPATCH, EventKind.SEND_BACK)


def last_event() -> int:
    return CaseEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def unwritten(since: int) -> list[str]:
    """
    ``owed_key`` of each notice that is not there, of events with a greater id than ``since``.

    Events whose announcement still waits are left out: nobody has worked them out yet.
    """
    told = CaseEvent.objects.filter(pk__gt=since, announcement=None).order_by("pk")
    ground = Ground(database_now())
    found: list[str] = []
    for some in batched(list(told.values_list("pk", flat=True)), BATCH):
        there = set(Notice.objects.filter(event__in=some).values_list("owed_key", flat=True))
        happenings = read_happenings(some)
        hands = _hands_by_case({one.event.case_id for one in happenings})
        for one in happenings:
            since_then = hands[one.event.case_id][one.event.seq - 1 :]
            found += _lacking(one, since_then, ground, there)
    return found


def _lacking(one: Happening, hands: Iterable[Hands], ground: Ground, there: Collection[str]) -> list[str]:
    """The fewest that are missing, whichever of these hands the case was in when it was worked out."""
    case = one.case
    lacking: list[list[str]] = []
    for handler, team in dict.fromkeys([(case.handler_id, case.team_id), *hands]):
        case.handler_id, case.team_id = handler, team
        missing = [n.owed_key for n in notices_owed(one, ground) if n.owed_key not in there]
        if not missing:
            return []
        lacking.append(missing)
    return min(lacking, key=len)


def _hands_by_case(case_ids: Collection[int]) -> dict[int, list[Hands]]:
    """In whose hands each case was right after each of its events, in their order."""
    found: dict[int, list[Hands]] = defaultdict(list)
    for event in CaseEvent.objects.filter(case__in=case_ids).order_by("case_id", "seq"):
        earlier = found[event.case_id]
        found[event.case_id].append(
            (_handler_after(event, earlier[-1][0] if earlier else None), event.team_id)
        )
    return found


def _handler_after(event: CaseEvent, before: int | None) -> int | None:
    if event.kind in TAKES_IT:
        actor: int | None = event.actor_id
        return actor
    if event.kind in GIVES_IT:
        given: int | None = event.data.get("handler")
        return given
    return None if event.kind in LAYS_IT_DOWN else before
