"""Marks of the day: hours in which a meter was far from what such hours were lately.

A mark is no case: nobody has to do anything with it, nothing is kept of it, and it vanishes when
the day after its own is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from metering.items import category


@dataclass(frozen=True)
class DayMark:
    """Hours in a row of one local day of a meter, beside such hours of the 60 days before."""

    institution: str
    node: str
    meter: str
    item: str
    day: date
    """The local day."""
    start_us: int
    end_us: int
    above: bool
    """More was taken than usual; else next to nothing was."""
    measured: int
    """[book units]"""
    low: int
    """From here to `high` such hours took, in nine of ten cases [book units]."""
    high: int
    score: float
    """How far the hours were out, by what is usual of the meter."""
    baseline_version: str
    """The one that says what is expected of the hours."""
    revision: int
    """Of the institution's books."""
    until_us: int
    """When it vanishes."""

    @property
    def beyond(self) -> int:
        """How far the hours are beyond the nearer end of what is usual [book units]."""
        return self.measured - self.high if self.above else self.low - self.measured

    @property
    def unit(self) -> str:
        """The unit of its energy."""
        return category(self.item).unit


MarkPlace = tuple[int, str, int]
"""Where a mark stands in a list."""


def place_of_mark(mark: DayMark) -> MarkPlace:
    """Its place: what is farthest beyond the usual comes first."""
    return (-mark.beyond, mark.meter, mark.start_us)


def marks_in_order(marks: Sequence[DayMark]) -> list[DayMark]:
    """Marks as they are listed."""
    return sorted(marks, key=place_of_mark)
