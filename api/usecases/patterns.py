"""What is looked for at a place, and what has to be registered for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from analytics import Checking, Need, PatternChecked, checked, provided
from api.caller import Caller
from metering.localtime import local_day
from metering.registry import NodeType

PLACES = frozenset({NodeType.INSTITUTION, NodeType.SITE, NodeType.BUILDING, NodeType.DATACENTRE})
MOST_LACKING = 20


@dataclass(frozen=True)
class PatternAtPlace:
    """A pattern at a place, and which of the places below lack what it needs."""

    told: PatternChecked
    lacking: tuple[str, ...] = ()
    """Codes of places right below with meters, where it is not checked although it is here."""
    left_out: int = 0
    """How many more there are."""


@dataclass(frozen=True)
class LookedFor:
    """All patterns of the catalogue at a node on a local day."""

    node: str
    day: date
    patterns: tuple[PatternAtPlace, ...]


def looked_for(caller: Caller, code: str | None) -> LookedFor:
    """Of the node, else of where the scope begins. Raises NotFound for one out of the scope, and
    where nothing is registered."""
    reach = caller.reach
    node = reach.node(_first(caller) if code is None else code).code
    day = local_day(caller.platform.now_us(), reach.registry.zone(node))
    below = {
        one: lacks
        for one in _places_below(caller, node, day)
        if (lacks := _lacks(caller, one, day))
    }
    return LookedFor(
        node,
        day,
        tuple(
            _at_place(told, [one for one, lacks in below.items() if told.pattern in lacks])
            for told in checked(_provided(caller, node, day))
        ),
    )


def _first(caller: Caller) -> str:
    top = caller.reach.top()
    return top[0].code if top else ""


def _at_place(told: PatternChecked, lacking: list[str]) -> PatternAtPlace:
    if told.checking is not Checking.CHECKED:
        return PatternAtPlace(told)
    return PatternAtPlace(told, tuple(lacking[:MOST_LACKING]), max(0, len(lacking) - MOST_LACKING))


def _places_below(caller: Caller, node: str, day: date) -> Iterator[str]:
    registry, scope = caller.reach.registry, caller.reach.scope
    for child in registry.children(node, day):
        if registry.nodes[child].type in PLACES and scope.holds(child, day):
            yield child


def _lacks(caller: Caller, node: str, day: date) -> frozenset[str]:
    """Patterns that a place with meters lacks something for."""
    there = _provided(caller, node, day)
    if Need.METER not in there:
        return frozenset()
    return frozenset(one.pattern for one in checked(there) if one.needs)


def _provided(caller: Caller, node: str, day: date) -> frozenset[Need]:
    """By the node and what is wholly below it on the day, as far as the scope goes."""
    registry, scope = caller.reach.registry, caller.reach.scope
    held = [
        code
        for code, spans in registry.held(node).items()
        if scope.holds(code, day) and any(span.holds(day) for span in spans)
    ]
    return provided(registry, held, day)
