"""What is looked for at a place, and what it lacks for the rest."""

from __future__ import annotations

from fastapi import APIRouter

from api.answers.common import InLanguages
from api.answers.findings import PatternAnswer, PatternsAnswer
from api.auth import Reader
from api.params import Code, JsonBody, example
from api.usecases.patterns import PatternAtPlace, looked_for
from texts import both, word

router = APIRouter(route_class=JsonBody, prefix="/v1", tags=["findings"])

PATTERNS_EXAMPLE = {
    "node": "bureau",
    "day": "2026-11-24",
    "data": [
        {
            "pattern": "night_flow",
            "name": {"en": "Flow all night", "zh": "夜间持续流量"},
            "group": "water",
            "checking": "needs",
            "needs": [
                {
                    "need": "hourly_flow",
                    "add": {
                        "en": "a meter of water, gas, heat or cooling with step_min 60 or less",
                        "zh": "一块 step_min 不超过 60 的水、气、热或冷量表",
                    },
                }
            ],
            "lacking": [],
            "lacking_left_out": 0,
        }
    ],
}


@router.get("/patterns", responses=example(PATTERNS_EXAMPLE))
def patterns(caller: Reader, node: Code = None) -> PatternsAnswer:
    """Every pattern of waste and of meter faults at a node: whether it is looked for, and what to
    register where it is not. Without a node that at which the key begins."""
    found = looked_for(caller, node)
    return {
        "node": found.node,
        "day": found.day.isoformat(),
        "data": [_pattern_json(one) for one in found.patterns],
    }


def _pattern_json(one: PatternAtPlace) -> PatternAnswer:
    told = one.told
    return {
        "pattern": told.pattern,
        "name": _words("pattern", told.pattern),
        "group": told.group,
        "checking": str(told.checking),
        "needs": [{"need": str(need), "add": _words("need", need)} for need in told.needs],
        "lacking": list(one.lacking),
        "lacking_left_out": one.left_out,
    }


def _words(group: str, value: str) -> InLanguages:
    return both(lambda language: word(group, value, language), ("en", "zh"))
