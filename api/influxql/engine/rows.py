"""Rows of a measurement side by side: what every measurement hands to the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from api.caller import Caller
from api.influxql.engine.exact import F64, Amounts
from figures import View as Books
from metering.quantity import I64

Strings = NDArray[np.str_]


class FieldKind(StrEnum):
    """What may be asked of a field."""

    AMOUNT = "amount"
    """adds up over time and over parts that do not overlap"""
    LEVEL = "level"
    """has a mean and extremes, but no sum"""
    SHARE = "share"
    """a level whose mean weighs by time, or by amount"""
    RATIO = "ratio"
    """told once a bucket; only its mean, which is itself"""
    TEXT = "text"
    DERIVED = "derived"
    """a number that a SELECT within made"""


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers of one field, each amounts / scale."""

    amounts: Amounts
    """NaN where nothing is known; inf where a sum that holds it must not be shown."""
    scale: int = 1
    weight: Amounts | None = None
    """What a mean weighs each by; None where all weigh the same."""
    digits: int | None = None
    """Decimals to round to, where the other faces round."""
    currency: str = ""
    """Of money: amounts of different ones are never put together."""

    def of(self, mask: NDArray[np.bool_]) -> Values:
        """The numbers of the chosen rows."""
        weight = None if self.weight is None else self.weight[mask]
        return Values(self.amounts[mask], self.scale, weight, self.digits, self.currency)


@dataclass(frozen=True)
class Series:
    """Tags of one series; `source` is the measurement's own."""

    tags: Mapping[str, str]
    under: frozenset[str] = frozenset()
    """Nodes it lies under, itself included: values of the tag `under`."""
    source: object = None


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one series, times rising."""

    series: Series
    time_us: I64
    numbers: Mapping[str, Values]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    labels: Mapping[str, Strings] = field(default_factory=dict)
    """Tags that differ from row to row, such as the hour of the day. A row without a label that
    others have belongs to all its values."""
    sums: Mapping[str, Values] | None = None
    """What sums and means of shares are made of, where that is not the numbers."""

    def of(self, mask: NDArray[np.bool_]) -> Rows:
        """The chosen rows."""
        return Rows(
            self.series,
            self.time_us[mask],
            {name: values.of(mask) for name, values in self.numbers.items()},
            {
                name: [text for text, kept in zip(column, mask, strict=True) if kept]
                for name, column in self.texts.items()
            },
            {name: column[mask] for name, column in self.labels.items()},
            None if self.sums is None else {n: v.of(mask) for n, v in self.sums.items()},
        )


@dataclass(frozen=True, eq=False)
class GridValues:
    """Numbers of one field of several series, each amounts / scale."""

    amounts: NDArray[Any]
    """(S, T) int64 or float64; (1, T) where all series have the same."""
    known: NDArray[np.bool_] | None = None
    """Likewise; None where all are known."""
    scale: int = 1
    weight: I64 | None = None
    """(T,) what a mean weighs each by; None where all weigh the same."""
    digits: int | None = None
    """Decimals to round to, where the other faces round."""
    currency: str = ""
    """Of money."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Rows of S series over the same T periods, times rising, in which nothing must be hidden."""

    series: tuple[Series, ...]
    time_us: I64
    numbers: Mapping[str, GridValues]
    whole: bool
    """Whether sums and means of shares are made of them, or what is asked of rows themselves."""
    labels: Mapping[str, Strings] = field(default_factory=dict)
    """(T,) tags that differ from period to period."""


@dataclass(frozen=True)
class Wanted:
    """What an evaluation asks of a measurement."""

    start_us: int
    end_us: int
    """Not included."""
    whole: frozenset[str]
    """Fields of which sums, or means of shares, are asked: a row may stand for all that lies
    between two bounds."""
    fine: frozenset[str]
    """Fields of which the rows themselves are asked."""
    labels: frozenset[str]
    bounds: I64
    """Instants between which rows are put together; the first and last may lie outside."""
    bucketed: bool
    """Whether the bounds are those of GROUP BY time()."""
    listed: bool
    """Whether rows are shown as they are."""
    grids: bool = False
    """Whether rows of several series may come as one grid."""

    @property
    def fields(self) -> frozenset[str]:
        """All of them."""
        return self.whole | self.fine


@dataclass(frozen=True)
class ScopedView:
    """The key's view at one moment."""

    caller: Caller
    books: Books
    """At one revision."""

    @property
    def now_us(self) -> int:
        """The moment."""
        return self.books.now_us


LabelValues = Callable[[ScopedView], Iterable[str]]
"""All the values of a label."""


class Measurement(Protocol):
    """A virtual table over the scoped ports."""

    @property
    def fields(self) -> Mapping[str, FieldKind]:
        """Fields by name, with what may be done with each."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags that every series has."""
        ...

    @property
    def labels(self) -> Mapping[str, LabelValues]:
        """Tags that differ from row to row."""
        ...

    @property
    def needs_start(self) -> bool:
        """Whether a question must say when its range begins."""
        ...

    def series(self, view: ScopedView) -> list[Series]:
        """All series of the scope, wide before narrow."""
        ...

    def rows(
        self, view: ScopedView, chosen: Sequence[Series], wanted: Wanted
    ) -> Iterator[Rows | Grid]:
        """Rows of the chosen series with start <= time < end; gateways as they stand now. A series
        is in grids or in rows, not in both."""
        ...

    def overlap(
        self, chosen: Sequence[Series], field: str, view: ScopedView, wanted: Wanted
    ) -> str:
        """Why the series' amounts must not be put together; '' where they may."""
        ...


__all__ = [
    "F64",
    "Amounts",
    "FieldKind",
    "Grid",
    "GridValues",
    "LabelValues",
    "Measurement",
    "Rows",
    "ScopedView",
    "Series",
    "Strings",
    "Values",
    "Wanted",
]


Tables = Mapping[str, Measurement]
"""Measurements by the name that a statement calls them."""
