"""Aggregates of grids: whole columns are put together, and no row is looked at by itself.

    (series, periods) ──reduceat──▶ (series, buckets) ──added by group──▶ (groups, buckets)

The numbers are those that `aggregate` makes of the same rows: whole numbers are added exactly and
divided once. What whole numbers of 64 bits do not say exactly is left to it: `NotAlike`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine import exact, where
from api.influxql.engine.check import aggregates, is_whole
from api.influxql.engine.exact import F64, LARGEST
from api.influxql.engine.formula import applied, with_zeros
from api.influxql.engine.rows import FieldKind, Grid, GridValues, Series
from api.influxql.engine.transform import transformed
from api.influxql.language.tree import (
    Aggregate,
    Condition,
    Expression,
    Formula,
    Number,
    Select,
    Transform,
)
from metering.errors import InvalidInput
from metering.quantity import I64

Place = tuple[str, ...]
"""Values of the tags to group by."""
_LEAST: Final = 16
MOST_CELLS: Final = 1_000_000
"""Values of an answer, with those that are null."""


class NotAlike(Exception):
    """Grids do not say an aggregate exactly; rows do."""


@dataclass(eq=False)
class _Tally:
    """What comes together of one aggregate, (groups, buckets)."""

    scale: int
    digits: int | None
    currency: str
    top: NDArray[Any]
    bottom: I64
    """What the top is divided by: how many, or how much they weigh."""
    plain: I64 | None = None
    many: I64 | None = None
    """Sum and number without weights, for buckets that weigh nothing."""
    most: float = 0.0
    """No number in it is larger."""

    def grown(self, count: int) -> None:
        """Make room for so many groups."""
        for name in ("top", "bottom", "plain", "many"):
            own = getattr(self, name)
            if own is not None and len(own) < count:
                size = max(_LEAST, count, 2 * len(own))
                more = np.zeros((size - len(own), own.shape[1]), own.dtype)
                setattr(self, name, np.concatenate([own, more]))


@dataclass(eq=False)
class GridTable:
    """A statement's aggregates by group and bucket, while grids come in."""

    statement: Select
    fields: Mapping[str, FieldKind]
    bounds: I64
    groups: dict[Place, int] = field(default_factory=dict)
    series: list[dict[int, Series]] = field(default_factory=list)
    """Of each group those that have rows."""
    _tallies: dict[Aggregate, _Tally] = field(default_factory=dict)
    _known: dict[tuple[object, ...], I64] = field(default_factory=dict)

    def take(self, grid: Grid) -> None:
        """Put a grid to the others. NotAlike where it does not fit to them."""
        for rows, mask in _fitting(self.statement.filter.tags, grid):
            for label, chosen in _labelled(self.statement.tags, grid, mask):
                self._add(grid, rows, label, chosen)

    def _add(
        self, grid: Grid, rows: I64, label: Mapping[str, str], chosen: NDArray[np.bool_] | None
    ) -> None:
        times = grid.time_us if chosen is None else grid.time_us[chosen]
        if not len(times):
            return
        group = self._groups([grid.series[n] for n in rows.tolist()], label)
        place = np.searchsorted(self.bounds, times, side="right") - 1
        firsts = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
        for one in set(aggregates(self.statement)):
            if is_whole(one.function, self.fields.get(one.field)) == grid.whole:
                values = grid.numbers.get(one.field)
                if values is not None:
                    own = _chosen(values, rows, chosen, len(grid.series))
                    self._join(one, own, group, place[firsts], firsts)

    def _groups(self, series: Sequence[Series], label: Mapping[str, str]) -> I64:
        """(S,) groups of series; those of one stretch of time are mostly those of the next. All
        that were asked of are in `series`, so none is another one of the same identity."""
        name = (*map(id, series), *label.items())
        found = self._known.get(name)
        if found is None:
            found = np.array([self._group(one, label) for one in series], np.int64)
            self._known[name] = found
        return found

    def _group(self, series: Series, label: Mapping[str, str]) -> int:
        tags = self.statement.tags
        name = tuple(label[tag] if tag in label else series.tags.get(tag, "") for tag in tags)
        place = self.groups.get(name)
        if place is None:
            buckets = len(self.bounds) - 1
            check_cells((len(self.groups) + 1) * buckets * len(self.statement.columns))
            place = self.groups[name] = len(self.groups)
            self.series.append({})
        self.series[place][id(series)] = series
        return place

    def _join(
        self, one: Aggregate, values: GridValues, group: I64, buckets: I64, firsts: I64
    ) -> None:
        tally = self._tallies.get(one)
        alike = (values.scale, values.digits, values.currency)
        if tally is None:
            empty = np.zeros((0, len(self.bounds) - 1), np.int64)
            weighed = one.function == "mean" and values.weight is not None
            kind = np.float64 if values.amounts.dtype == np.float64 else np.int64
            tally = _Tally(
                *alike,
                empty.astype(kind),
                empty,
                empty if weighed else None,
                empty if weighed else None,
            )
            self._tallies[one] = tally
        if alike != (tally.scale, tally.digits, tally.currency):
            raise NotAlike
        if (values.amounts.dtype == np.float64) != (tally.top.dtype == np.float64):
            raise NotAlike
        tally.grown(len(self.groups))
        single = len(np.unique(group)) == len(group)
        match one.function:
            case "count":
                _put(tally.bottom, _many(values, firsts), group, buckets)
            case "sum" | "mean":
                _added(tally, values, firsts, (group, buckets))
            case "min" | "max":
                _extreme(tally, one.function, values, firsts, (group, buckets), single=single)
            case _:
                _end(tally, one.function, values, firsts, (group, buckets), single=single)

    def columns(self, *, zeros: bool = False) -> list[F64]:
        """(groups, buckets) of each column of the statement; `zeros` counts nothing as 0."""
        return [self._evaluated(column.expression, zeros) for column in self.statement.columns]

    def _evaluated(self, expression: Expression, zeros: bool) -> F64:
        shape = (len(self.groups), len(self.bounds) - 1)
        match expression:
            case Number(value):
                return np.full(shape, value)
            case Aggregate(function=function):
                tally = self._tallies.get(expression)
                if tally is None:
                    return np.full(shape, np.nan)
                tally.grown(shape[0])
                found = _divided(function, tally, shape[0])
                if zeros and function == "count":
                    found = np.stack([with_zeros(row) for row in found])
                return found
            case Transform(function, of, argument):
                numbers, interval = self._evaluated(of, zeros), self.statement.interval_us
                at = self.bounds[:-1]
                told = [transformed(function, row, at, argument, interval) for row in numbers]
                return np.stack(told) if told else numbers
            case Formula(operator, left, right, _):
                one, other = self._evaluated(left, zeros), self._evaluated(right, zeros)
                return applied(operator, one, other)
        raise NotAlike


def check_cells(count: int) -> None:
    """InvalidInput for an answer of too many values, known or not."""
    if count > MOST_CELLS:
        raise too_many(MOST_CELLS, count)


def too_many(most: int, count: int) -> InvalidInput:
    """What is said of an answer that would hold too much."""
    return InvalidInput(
        f"more than {most} values in one answer",
        field="time",
        value=f"{count} values",
        fix="a wider GROUP BY time(...), fewer series, or a shorter range",
    )


def _fitting(
    condition: Condition | None, grid: Grid
) -> Iterator[tuple[I64, NDArray[np.bool_] | None]]:
    """(places of series, which of their periods fit; None for all)."""
    leaves = list(where.leaves(condition))
    if not any(leaf.tag in grid.labels for leaf in leaves):
        yield np.arange(len(grid.series)), None
        return
    kinds, back = _kinds(grid, [leaf.tag for leaf in leaves if leaf.tag in grid.labels])
    of_tags = [leaf for leaf in leaves if leaf.tag not in grid.labels]
    alike: dict[tuple[bool, ...], list[int]] = {}
    for n, one in enumerate(grid.series):
        said = tuple(bool(where.holds(leaf, one, {})) for leaf in of_tags)
        alike.setdefault(said, []).append(n)
    for places in alike.values():
        fits = where.holds(condition, grid.series[places[0]], kinds)
        mask = np.broadcast_to(fits, len(back) and len(next(iter(kinds.values()))))[back]
        yield np.array(places, np.int64), mask


def _kinds(grid: Grid, tags: Sequence[str]) -> tuple[dict[str, Any], I64]:
    """(labels of each kind of period that there is, the kind of each period)."""
    known = list(dict.fromkeys(tags))
    columns = np.stack([grid.labels[tag] for tag in known], axis=1)
    kinds, back = np.unique(columns, axis=0, return_inverse=True)
    return {tag: kinds[:, n] for n, tag in enumerate(known)}, back.reshape(-1)


def _labelled(
    tags: Sequence[str], grid: Grid, mask: NDArray[np.bool_] | None
) -> Iterator[tuple[dict[str, str], NDArray[np.bool_] | None]]:
    """(labels to group by, which periods have them)."""
    varying = [tag for tag in tags if tag in grid.labels]
    if not varying:
        yield {}, mask
        return
    kinds, back = _kinds(grid, varying)
    for n in range(len(kinds[varying[0]])):
        chosen = back == n if mask is None else (back == n) & mask
        yield {tag: str(kinds[tag][n]) for tag in varying}, chosen


def _chosen(
    values: GridValues, rows: I64, chosen: NDArray[np.bool_] | None, count: int
) -> GridValues:
    whole = len(rows) == count

    def cut(own: NDArray[Any]) -> NDArray[Any]:
        own = own if whole or len(own) == 1 else own[rows]
        return own if chosen is None else own[:, chosen]

    return GridValues(
        cut(values.amounts),
        None if values.known is None else cut(values.known),
        values.scale,
        values.weight if values.weight is None or chosen is None else values.weight[chosen],
        values.digits,
        values.currency,
    )


def _put(into: NDArray[Any], found: NDArray[Any], group: I64, buckets: I64) -> None:
    """Add (S or 1, P) numbers to the groups of S series in P buckets."""
    if len(group) == 1:
        into[group[0], buckets] += found[0]
        return
    if len(found) == 1:
        found = np.broadcast_to(found, (len(group), found.shape[1]))
    if len(buckets) == into.shape[1]:
        np.add.at(into, group, found)
    else:
        np.add.at(into, (group[:, None], buckets[None, :]), found)


def _many(values: GridValues, firsts: I64) -> I64:
    """(S or 1, P) how many are known."""
    if values.known is None:
        width = values.amounts.shape[1]
        return np.diff(np.append(firsts, width))[None, :]
    return np.add.reduceat(values.known.astype(np.int64), firsts, axis=1)


def _whole(values: GridValues) -> NDArray[Any]:
    """The amounts, 0 where unknown."""
    here = values.amounts
    if values.known is not None:
        here = np.where(values.known, here, here.dtype.type(0))
    return here


def _added(tally: _Tally, values: GridValues, firsts: I64, at: tuple[I64, I64]) -> None:
    """Add sums, with what they are divided by. NotAlike where one may not be exact."""
    here = _whole(values)
    kind = tally.top.dtype
    if kind != np.int64 and np.any(here != np.floor(here)):
        raise NotAlike
    longest = int(np.diff(np.append(firsts, here.shape[1])).max(initial=0))
    heaviest = 1 if values.weight is None else int(values.weight.max(initial=0))
    largest = max(abs(float(here.max(initial=0))), abs(float(here.min(initial=0))))
    tally.most += largest * longest * heaviest * len(at[0])
    if tally.most >= (2.0**61 if kind == np.int64 else LARGEST):
        raise NotAlike
    if tally.plain is None or tally.many is None or values.weight is None:
        _put(tally.top, np.add.reduceat(here, firsts, axis=1, dtype=kind), *at)
        _put(tally.bottom, _many(values, firsts), *at)
        return
    weighs = (
        values.weight[None, :] if values.known is None else np.where(values.known, values.weight, 0)
    )
    weight = np.add.reduceat(weighs, firsts, axis=1)
    _put(tally.top, np.add.reduceat(here * values.weight, firsts, axis=1), *at)
    _put(tally.bottom, weight, *at)
    if not np.all(weight > 0):  # what weighs nothing in one grid may weigh something in another
        _put(tally.plain, np.add.reduceat(here, firsts, axis=1, dtype=kind), *at)
        _put(tally.many, _many(values, firsts), *at)


def _extreme(
    tally: _Tally,
    function: str,
    values: GridValues,
    firsts: I64,
    at: tuple[I64, I64],
    *,
    single: bool,
) -> None:
    """The least or the most; of several series in a group one after another."""
    choose: Any = np.minimum if function == "min" else np.maximum
    kind = tally.top.dtype
    ends = np.iinfo(kind) if kind == np.int64 else np.finfo(kind)
    nothing = ends.max if function == "min" else ends.min
    here = values.amounts.astype(kind, copy=False)
    if values.known is not None:
        here = np.where(values.known, here, kind.type(nothing))
    found, many = choose.reduceat(here, firsts, axis=1), _many(values, firsts)
    shape = (len(at[0]), len(at[1]))
    found, many = np.broadcast_to(found, shape), np.broadcast_to(many, shape)
    for rows in [np.arange(shape[0])] if single else [np.array([n]) for n in range(shape[0])]:
        where_to = (at[0][rows][:, None], at[1][None, :])
        old = np.where(tally.bottom[where_to] > 0, tally.top[where_to], kind.type(nothing))
        tally.top[where_to] = choose(old, found[rows])
        tally.bottom[where_to] += many[rows]


def _end(
    tally: _Tally,
    function: str,
    values: GridValues,
    firsts: I64,
    at: tuple[I64, I64],
    *,
    single: bool,
) -> None:
    """The first or the last known one of each bucket, of groups of one series and one grid."""
    where_to = (at[0][:, None], at[1][None, :])
    if not single or np.any(tally.bottom[where_to] > 0):
        raise NotAlike
    shape = (len(at[0]), values.amounts.shape[1])
    amounts = np.broadcast_to(values.amounts, shape)
    known = np.ones(shape, np.bool_) if values.known is None else values.known
    known = np.broadcast_to(known, shape)
    number = np.arange(shape[1])
    if function == "first":
        found = np.minimum.reduceat(np.where(known, number, shape[1] - 1), firsts, axis=1)
    else:
        found = np.maximum.reduceat(np.where(known, number, 0), firsts, axis=1)
    tally.top[where_to] = np.take_along_axis(amounts, found, axis=1)
    tally.bottom[where_to] += np.broadcast_to(_many(values, firsts), (len(at[0]), len(firsts)))


def _divided(function: str, tally: _Tally, count: int) -> F64:
    """(groups, buckets) the nearest doubles; NaN where there is nothing."""
    top, many = tally.top[:count], tally.bottom[:count]
    if function == "count":
        return np.where(many > 0, many, np.nan).astype(np.float64)
    bottom = many if function == "mean" else np.minimum(many, 1)
    if tally.plain is not None and tally.many is not None:
        weighs = bottom > 0
        top = np.where(weighs, top, tally.plain[:count])
        bottom = np.where(weighs, bottom, tally.many[:count])
    size = max(1, int(bottom.max(initial=0))) * tally.scale
    small = top.dtype != np.int64 or int(np.abs(top).max(initial=0)) < LARGEST
    if tally.digits is not None or size >= LARGEST or not small:
        parts = (bottom * 1).ravel().tolist()
        return exact.divided(
            top.ravel().tolist(), [one * tally.scale for one in parts], tally.digits
        ).reshape(top.shape)
    below = (bottom * tally.scale).astype(np.float64)
    found = np.full(top.shape, np.nan)
    np.divide(top.astype(np.float64), below, out=found, where=bottom > 0)
    return found
