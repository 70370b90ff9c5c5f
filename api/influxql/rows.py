"""Rows of a measurement side by side: what every measurement hands to the evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from api.auth import Caller
from metering.quantity import I64

F64 = NDArray[np.float64]
Strings = NDArray[np.str_]


class FieldKind(StrEnum):
    """What may be asked of a field."""

    AMOUNT = "amount"
    """adds up over time and over parts that do not overlap"""
    LEVEL = "level"
    """has a mean and extremes, but no sum"""
    RATIO = "ratio"
    """of two amounts; only its mean, which is sum over sum"""
    TEXT = "text"


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers of one field, each amounts / scale.

    Amounts of energy are whole book units, which float64 holds and adds exactly up to 2**53.
    NaN where nothing is known; inf where a sum that holds it must not be shown.
    """

    amounts: F64
    scale: float = 1.0
    over: F64 | None = None
    """The other side of a ratio."""


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
    """Tags that differ from row to row, such as the hour of the day."""


@dataclass(frozen=True)
class Wanted:
    """What an evaluation asks of a measurement."""

    start_us: int
    end_us: int
    """Not included."""
    fields: frozenset[str]
    labels: frozenset[str]
    bounds: I64
    """Instants between which rows are put together."""
    whole: bool
    """Whether a row may stand for all that lies between two bounds: only sums of amounts and
    means of shares are asked for."""


@dataclass(frozen=True)
class View:
    """The key's view at one moment."""

    caller: Caller
    now_us: int


class Measurement(Protocol):
    """A virtual table over the scoped ports."""

    @property
    def fields(self) -> Mapping[str, FieldKind]: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Tags that differ from row to row, with all their values."""
        ...

    @property
    def present(self) -> bool:
        """Whether it tells how things stand now, whatever the range."""
        ...

    @property
    def needs_start(self) -> bool: ...
    def series(self, view: View) -> list[Series]:
        """All series of the scope, wide before narrow."""
        ...

    def rows(self, view: View, chosen: Sequence[Series], wanted: Wanted) -> Iterator[Rows]:
        """Rows of the chosen series with start <= time < end, where not `present`."""
        ...

    def overlap(self, chosen: Sequence[Series], field: str) -> str:
        """Why the series' amounts must not be added; '' where they may."""
        ...
