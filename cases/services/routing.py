"""Which team takes a case: the first active rule that fits, in the order of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cases.choices import VipLevel
from cases.models import RoutingRule, Topic

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Traits:
    """What routing looks at; empty traits fit only rules that do not ask for them."""

    type: str
    topic: Topic | None = None
    channel: str = ""
    region: str = ""
    vip_level: int = VipLevel.NONE


def find_rule(stage: str, traits: Traits) -> RoutingRule | None:
    """The rule that decides, or None where no rule fits."""
    return first_fitting(rules_of(stage), traits)


def rules_of(stage: str) -> list[RoutingRule]:
    """The rules in use, in their order."""
    rules = RoutingRule.objects.filter(stage=stage, active=True, team__active=True)
    return list(rules.select_related("team"))


def first_fitting(rules: Iterable[RoutingRule], traits: Traits) -> RoutingRule | None:
    return next((rule for rule in rules if fits(rule, traits)), None)


def fits(rule: RoutingRule, traits: Traits) -> bool:
    """Whether every criterion the rule names is met."""
    asked = (
        (rule.type, traits.type),
        (rule.topic_id, traits.topic.pk if traits.topic else None),
        (rule.channel, traits.channel),
        (rule.region, traits.region),
    )
    return all(not wanted or wanted == found for wanted, found in asked) and rule.vip_from <= traits.vip_level
