"""What is looked for at a place, in the visitor's language."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from api.page.places import places
from api.page.visit import Visit
from api.usecases.patterns import PatternAtPlace, looked_for
from texts import word


def patterns(visit: Visit, node: str | None) -> dict[str, Any] | None:
    """The table by group, with the places to choose from; None before anything is registered."""
    if node is None and not visit.caller.reach.top():
        return None
    found = looked_for(visit.caller, node)
    return {
        "node": found.node,
        "name": visit.caller.reach.registry.node(found.node).name(visit.language),
        "day": found.day.isoformat(),
        "places": places(visit),
        "checked": sum(one.told.checking == "checked" for one in found.patterns),
        "groups": [
            (word("pattern_group", group, visit.language), [_row(visit, one) for one in rows])
            for group, rows in groupby(found.patterns, key=lambda one: one.told.group)
        ],
    }


def _row(visit: Visit, one: PatternAtPlace) -> dict[str, Any]:
    registry, language = visit.caller.reach.registry, visit.language
    return {
        "pattern": word("pattern", one.told.pattern, language),
        "checking": str(one.told.checking),
        "state": word("checking", one.told.checking, language),
        "needs": [word("need", need, language) for need in one.told.needs],
        "lacking": [registry.node(code).name(language) for code in one.lacking],
        "left_out": one.left_out,
    }
