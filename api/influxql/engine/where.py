"""Conditions on tags and fields, and the wall: a code outside the scope is refused, not silently
empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine.rows import F64, Series, Strings
from api.influxql.language.tree import Both, Condition, FieldIs, TagIs, TagMatches
from api.reach import Reach

Truth = bool | NDArray[np.bool_]
_COMPARES: Final[Mapping[str, Callable[[F64, float], NDArray[np.bool_]]]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
_NOTHING: Final[Mapping[str, F64]] = {}
_CODES = {
    "node": Reach.node,
    "under": Reach.node,
    "institution": Reach.institution,
    "meter": Reach.meter,
    "gateway": Reach.gateway,
}


def holds(
    condition: Condition | None,
    series: Series,
    labels: Mapping[str, Strings],
    fields: Mapping[str, F64] = _NOTHING,
) -> Truth:
    """Whether it holds for a series, or for each of its rows; what is not known fits nothing.

    A label or field that is not given holds: so a series is kept when some of its rows may fit.
    """
    if condition is None:
        return True
    if isinstance(condition, Both):
        truth: Truth = not condition.any
        for part in condition.parts:
            one = holds(part, series, labels, fields)
            truth = truth | one if condition.any else truth & one
        return truth
    if isinstance(condition, FieldIs):
        return _compared(condition, fields)
    if condition.tag in labels:
        return np.array([_fits(condition, label) for label in labels[condition.tag]], dtype=bool)
    if condition.tag == "under":
        found = any(_fits(condition, code, plain=True) for code in series.under)
        return found != condition.negated
    if condition.tag not in series.tags:
        return True
    return _fits(condition, series.tags[condition.tag])


def _compared(condition: FieldIs, fields: Mapping[str, F64]) -> Truth:
    own = fields.get(condition.field)
    if own is None:
        return True
    found = _COMPARES[condition.operator](own, condition.value)
    return np.asarray(found & np.isfinite(own), np.bool_)


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
    if isinstance(condition, FieldIs):
        return np.ones(len(series), np.bool_)
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
    """Every comparison of a tag in a condition."""
    yield from (one for one in _all(condition) if not isinstance(one, FieldIs))


def fields_in(condition: Condition | None) -> list[str]:
    """Every field that a condition compares."""
    return [one.field for one in _all(condition) if isinstance(one, FieldIs)]


def _all(condition: Condition | None) -> Iterator[TagIs | TagMatches | FieldIs]:
    if isinstance(condition, Both):
        for part in condition.parts:
            yield from _all(part)
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
