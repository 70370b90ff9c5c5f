"""Conditions on tags, and the wall: a code outside the scope is refused, not silently empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine.rows import Series, Strings
from api.influxql.language.tree import Both, Condition, TagIs, TagMatches
from api.reach import Reach

Truth = bool | NDArray[np.bool_]
_CODES = {
    "node": Reach.node,
    "under": Reach.node,
    "institution": Reach.institution,
    "meter": Reach.meter,
    "gateway": Reach.gateway,
}


def holds(condition: Condition | None, series: Series, labels: Mapping[str, Strings]) -> Truth:
    """Whether it holds for a series, or for each of its rows.

    A label that is not given holds: so a series is kept when some of its rows may fit.
    """
    if condition is None:
        return True
    if isinstance(condition, Both):
        truth: Truth = not condition.any
        for part in condition.parts:
            one = holds(part, series, labels)
            truth = truth | one if condition.any else truth & one
        return truth
    if condition.tag in labels:
        return np.array([_fits(condition, label) for label in labels[condition.tag]], dtype=bool)
    if condition.tag == "under":
        found = any(_fits(condition, code, plain=True) for code in series.under)
        return found != condition.negated
    if condition.tag not in series.tags:
        return True
    return _fits(condition, series.tags[condition.tag])


def _fits(leaf: TagIs | TagMatches, value: str, *, plain: bool = False) -> bool:
    found = value == leaf.value if isinstance(leaf, TagIs) else leaf.pattern.matches(value)
    return found if plain else found != leaf.negated


def leaves(condition: Condition | None) -> Iterator[TagIs | TagMatches]:
    """Every comparison in a condition."""
    if isinstance(condition, Both):
        for part in condition.parts:
            yield from leaves(part)
    elif condition is not None:
        yield condition


def check_scope(condition: Condition | None, reach: Reach) -> None:
    """NotFound for a code that the statement names and the key does not reach."""
    for leaf in leaves(condition):
        check = _CODES.get(leaf.tag)
        if check is None or leaf.negated:
            continue
        named = (leaf.value,) if isinstance(leaf, TagIs) else leaf.pattern.literals()
        for code in named:
            if code:
                check(reach, code)
