"""Hours laid out bin by bin: a row for each of the 192, as long as the longest of them.

    hours  Mon 08, Mon 09, ... of many weeks     laid   Mon 08  [w1 w2 w3 .]
                                                        Mon 09  [w1 w2 w3 w4]     (. = no hour)

So what a bin has of its own, a level or a regime, is told to its hours without looking them up, and
a median by bin is a sort of short rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from analytics.bins import FULL_BINS, SATURDAY
from analytics.groups import Bools, Floats, Groups, Ints, Reals, Singles, median_in_place

RealsT = TypeVar("RealsT", Floats, Singles)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where each hour stands, shared by all meters of a station."""

    places: Ints
    """Hour of each slot, (192 * width,); 0 where there is none."""
    empty: Ints
    """Slots without an hour."""
    slots: Ints
    """Slot of each hour laid out, in the order of time."""
    bins: Ints
    """Bin of each hour laid out, likewise."""

    @classmethod
    def of(cls, full_bins: Ints, hours: Ints | None = None) -> Layout:
        """Of bins (hours,); of some of the hours, rising, where `hours` names them."""
        those = np.arange(full_bins.size) if hours is None else hours
        bins = full_bins[those]
        padded = Groups.of(bins, FULL_BINS).padded.ravel()
        filled = np.flatnonzero(padded < those.size)
        slots, places = np.zeros(those.size, dtype=np.int64), np.zeros_like(padded)
        slots[padded[filled]] = filled
        places[filled] = those[padded[filled]]
        return cls(places, np.flatnonzero(padded == those.size), slots, bins)

    @property
    def width(self) -> int:
        """Hours of the longest bin."""
        return self.places.size // FULL_BINS

    def laid(self, values: Floats) -> Floats:
        """Values of each hour, (meters, hours), by bin: (meters, 192, width); NaN where there is no
        hour."""
        found = np.take(values, self.places, axis=1)
        found[:, self.empty] = np.nan
        return found.reshape(len(found), FULL_BINS, self.width)

    def laid_marks(self, marks: Bools) -> Bools:
        """The same of marks; False where there is no hour."""
        found = np.take(marks, self.places, axis=1)
        found[:, self.empty] = False
        return found.reshape(len(found), FULL_BINS, self.width)

    def in_time(self, laid: RealsT) -> RealsT:
        """What stands by bin, (meters, 192, width), in the order of time: (meters, hours)."""
        return np.take(laid.reshape(len(laid), self.places.size), self.slots, axis=1)

    def marks_in_time(self, laid: Bools) -> Bools:
        """The same of marks."""
        return np.take(laid.reshape(len(laid), self.places.size), self.slots, axis=1)


def by_kind_of_day(laid: Floats) -> tuple[Floats, Floats]:
    """What stands by bin, (meters, 192, width), by hour of a working day and of another one:
    (meters, 24, hours) each, which are copies."""
    working, other = (one.copy() for one in _days(laid))
    return _in_rows(working), _in_rows(other)


def _days(laid: RealsT) -> tuple[RealsT, RealsT]:
    """By hour, day of the week and hour of it, (meters, 24, days, width): working and others."""
    days = laid.reshape(len(laid), FULL_BINS // 24, 24, laid.shape[-1]).swapaxes(1, 2)
    return days[:, :, :SATURDAY], days[:, :, SATURDAY:]


def _in_rows(days: RealsT) -> RealsT:
    return days.reshape(len(days), 24, days.shape[2] * days.shape[3])


def medians_by_day(laid: Floats) -> Floats:
    """Median of each hour of a working and of another day, (meters, 48); NaN where unknown."""
    return np.hstack([median_in_place(one) for one in by_kind_of_day(laid)])


def sizes_by_day(laid: Reals) -> Floats:
    """The same of absolute values, exact to 32 bits: a size, told to seven digits."""
    both = (np.abs(one, order="C") for one in _days(laid.astype(np.float32, copy=False)))
    return np.hstack([median_in_place(_in_rows(one)) for one in both])
