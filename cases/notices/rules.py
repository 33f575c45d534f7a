"""Which rules hold for a happening: those of its kind or, where a clock speaks, the steps of its ladder."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import cached_property

from cases.choices import Urgency, Whom
from cases.models import Endpoint, EventKind, LadderStep, NoticeRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.notices.happenings import Happening

TOLD_FROM_BOUNCE = 2  # lifecycle paper 2.1: the supervisor is told from the second time on


@dataclass(frozen=True)
class Order:
    """Tell these people by this channel. Required ones come through whatever somebody muted."""

    whom: str
    channel: str
    endpoint: Endpoint | None = None
    required: bool = False
    urgent: bool = False


def _is_bounced_again(happening: Happening) -> bool:
    return happening.case.bounce_count >= TOLD_FROM_BOUNCE


def _is_raised(happening: Happening) -> bool:
    data = happening.event.data
    ranks = {urgency.value: urgency.rank for urgency in Urgency}
    return ranks.get(data.get("urgency", ""), 0) < ranks.get(data.get("was", ""), len(ranks))


# What a rule alone cannot say: when its event is worth telling (docs/decisions/025).
ONLY_IF: dict[str, Callable[[str, Happening], bool]] = {
    EventKind.SEND_BACK: lambda whom, what: whom != Whom.SUPERVISOR or _is_bounced_again(what),
    EventKind.SET_URGENCY: lambda _whom, what: _is_raised(what),
}


class RuleBook:
    """All rules and steps in force, each read in one query when first needed."""

    @cached_property
    def _rules(self) -> dict[str, list[Order]]:
        found: dict[str, list[Order]] = defaultdict(list)
        rules = NoticeRule.objects.filter(active=True).select_related("endpoint").order_by("pk")
        for rule in rules:
            channel = rule.endpoint.channel if rule.endpoint else rule.channel
            order = Order(rule.whom, channel, rule.endpoint, required=rule.required, urgent=rule.urgent)
            found[rule.event_kind].append(order)
        return found

    @cached_property
    def _steps(self) -> dict[tuple[str, int], list[Order]]:
        found: dict[tuple[str, int], list[Order]] = defaultdict(list)
        for step in LadderStep.objects.filter(active=True).order_by("pk"):
            found[step.kind, step.percent].append(Order(step.whom, step.channel, required=True))
        return found

    def orders_for(self, happening: Happening) -> list[Order]:
        data = happening.event.data
        if happening.is_escalation:
            return self._steps.get((data.get("clock", ""), data.get("percent", 0)), [])
        orders = self._rules.get(happening.kind, [])
        holds = ONLY_IF.get(happening.kind)
        return [order for order in orders if holds is None or holds(order.whom, happening)]
