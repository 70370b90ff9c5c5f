"""Local days on which a dated fact holds: an edge of a tree, a meter, a price, a factor.

valid_from  2026-03-01 ├──────────────────┤ 2026-09-01  valid_to
              included                      not included; either may be absent: no limit
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise


@dataclass(frozen=True)
class Validity:
    """Local days on which a fact holds: [start, end), None = without limit."""

    start: date | None = None
    end: date | None = None

    @property
    def first(self) -> date:
        """The start, or the earliest day there is: what dates are put in order by."""
        return self.start or date.min

    @property
    def limit(self) -> date:
        """The end, or the latest day there is."""
        return self.end or date.max

    @property
    def some_day(self) -> date:
        """A day in it: the first one, where it has one."""
        return self.start or (date.max if self.end is None else self.end - timedelta(days=1))

    def holds(self, day: date) -> bool:
        """Whether the day lies in it."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def overlaps(self, other: Validity) -> bool:
        """Whether the two share a day."""
        return (self.start is None or other.end is None or self.start < other.end) and (
            other.start is None or self.end is None or other.start < self.end
        )

    def shared(self, other: Validity) -> Validity | None:
        """The days in both; None where there is none."""
        if not self.overlaps(other):
            return None
        starts = [day for day in (self.start, other.start) if day is not None]
        ends = [day for day in (self.end, other.end) if day is not None]
        return Validity(max(starts, default=None), min(ends, default=None))

    def except_for(self, other: Validity) -> list[Validity]:
        """Days in one of the two and not in the other, earliest first; [] where they are equal."""
        if not self.overlaps(other):
            return sorted((self, other), key=lambda one: one.first)
        starts = sorted((self.start, other.start), key=lambda day: day or date.min)
        ends = sorted((self.end, other.end), key=lambda day: day or date.max)
        return [Validity(*pair) for pair in (starts, ends) if pair[0] != pair[1]]


ALWAYS = Validity()


def turning_days(spans: Iterable[Validity]) -> list[date]:
    """Every day on which one of them starts or ends, rising, each once."""
    return sorted({day for one in spans for day in (one.start, one.end) if day is not None})


def epochs(days: Iterable[date]) -> list[Validity]:
    """All time, cut at these days: spans side by side, earliest first."""
    return [Validity(*pair) for pair in pairwise([None, *sorted(set(days)), None])]


def joined(spans: Iterable[Validity]) -> list[Validity]:
    """The same days in as few spans as can be, earliest first."""
    found: list[Validity] = []
    for span in sorted(spans, key=lambda one: one.first):
        if found and span.first <= found[-1].limit:
            limit = max(found[-1].limit, span.limit)
            found[-1] = Validity(found[-1].start, None if limit == date.max else limit)
        else:
            found.append(span)
    return found
