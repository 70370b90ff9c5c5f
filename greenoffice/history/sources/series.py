"""What another system says it has, and the readings that it gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from metering.localtime import EPOCH
from metering.quantity import I64
from metering.reading import Kind

_US = timedelta(microseconds=1)


@dataclass(frozen=True)
class SourceSeries:
    """One series of another system."""

    name: str
    """As a mapping names it; unique in its source."""
    count: int
    first_us: int
    """Time of its first value [us UTC]."""
    last_us: int
    unit: str = ""
    """One of ours; '' where the system does not tell."""
    kind: Kind | None = None
    """What its values are; None where the system does not tell."""
    also: tuple[str, ...] = ()
    """What it is called elsewhere in the system, by which a point is proposed."""


@dataclass(frozen=True, eq=False)
class SourceRows:
    """Some values of one series; both have one entry a value."""

    time_us: I64
    """UTC; of an interval or a mean its start."""
    values: Sequence[object]
    """Numbers, or texts as the system has them; None where it has none."""


class HistorySource(Protocol):
    """A system that is read. Every call raises Unavailable where it does not answer, NotAllowed
    where it refuses the password or token, and InvalidInput or NotFound where it is not what was
    said."""

    @property
    def called(self) -> str:
        """By which people and messages know it; no secret is in it."""
        ...

    def series(self) -> list[SourceSeries]:
        """Everything in it that has values, in an order that stays."""
        ...

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        """The values of one of its series, in parts."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def us_of(utc: datetime) -> int:
    """[us UTC] of a time without a zone that is meant as UTC."""
    return (utc.replace(tzinfo=EPOCH.tzinfo) - EPOCH) // _US


def distinct(names: Sequence[tuple[str, int]]) -> list[str]:
    """A name for each (name, number): those that several have get their number behind."""
    several = [name for name, _ in names]
    return [f"{name}#{no}" if several.count(name) > 1 or not name else name for name, no in names]
