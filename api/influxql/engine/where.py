"""Conditions on tags, and the wall: a code outside the scope is refused, not silently empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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


def kept(condition: Condition | None, series: Sequence[Series]) -> list[Series]:
    """Those of which some rows may fit, whatever their labels; each part of AND leaves fewer."""
    if condition is None or not series:
        return list(series)
    if isinstance(condition, Both) and not condition.any:
        for part in condition.parts:
            series = kept(part, series)
        return list(series)
    if isinstance(condition, TagIs) and not condition.negated:
        tag, value = condition.tag, condition.value
        if tag == "under":
            return [one for one in series if value in one.under]
        return [one for one in series if one.tags.get(tag, value) == value]
    truth = _truths(condition, series)
    return [series[place] for place in np.flatnonzero(truth).tolist()]


def _truths(condition: Condition, series: Sequence[Series]) -> NDArray[np.bool_]:
    """`holds` without labels, of each series: the same text is looked at once."""
    if isinstance(condition, Both):
        parts = [_truths(part, series) for part in condition.parts]
        joined = np.logical_or if condition.any else np.logical_and
        return np.asarray(joined.reduce(parts), np.bool_)
    if condition.tag == "under":
        codes = frozenset().union(*(one.under for one in series))
        chosen = {code for code in codes if _fits(condition, code, plain=True)}
        truths = [chosen.isdisjoint(one.under) == condition.negated for one in series]
        return np.array(truths, np.bool_)
    fits: dict[str | None, bool] = {None: True}
    values = [one.tags.get(condition.tag) for one in series]
    for value in set(values):
        if value is not None:
            fits[value] = _fits(condition, value)
    return np.array([fits[value] for value in values], np.bool_)


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
