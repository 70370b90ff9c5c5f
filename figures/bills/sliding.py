"""The most power of any 15 minutes, where a register was read finer than it is booked.

    readings   |....|....|....|....|     a curve of what the register counted
    quarters   [    ][    ][    ][   ]   as booked: a quarter whose rise is not what the curve
                   <---->                says is left out, and all windows over it
                   window

Which readings stand is decided where books are made. So the curve is believed in a quarter only
where it never falls, is read often enough, and comes to what is booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metering.localtime import MINUTE_US
from metering.quantity import I64

WIDEST_US: Final = 5 * MINUTE_US
"""Between two readings of a quarter that tells more than itself."""
SLACK: Final = 2.0
"""Book units by which rounding may set the curve apart from the books."""

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class SlidingPower:
    """What a curve tells of quarters side by side."""

    fine: NDArray[np.bool_]
    """(n,) quarters in which it is believed."""
    at_us: int = 0
    """When the window with the most begins; the first of equal ones."""
    amount: float | None = None
    """Book units of that window; None where no window lies in such quarters."""


def sliding_power(
    times_us: I64, counted: Curve, starts_us: I64, quantity: I64, known: NDArray[np.bool_]
) -> SlidingPower:
    """The most that passes in a window as long as a quarter, and where the curve is believed.

    `times_us`, `counted` (m,) rising times and what the register counted by then [book units];
    `starts_us`, `quantity`, `known` (n,) quarters side by side, what is booked of each and whether
    that is measured.
    """
    if len(starts_us) == 0 or len(times_us) < 2:
        return SlidingPower(np.zeros(len(starts_us), dtype=np.bool_))
    block = _block(starts_us)
    edges = np.append(starts_us, starts_us[-1] + block)
    fine = (
        known
        & _read_often(times_us, counted, edges)
        & _as_booked(times_us, counted, edges, quantity)
    )
    begin = np.unique(np.concatenate([times_us, times_us - block, starts_us]))
    begin = begin[(begin >= edges[0]) & (begin <= edges[-2])]
    first = np.searchsorted(edges, begin, side="right") - 1
    last = np.searchsorted(edges, begin + block, side="left") - 1
    begin = begin[fine[first] & fine[last]]
    if len(begin) == 0:
        return SlidingPower(fine)
    passed = _at(times_us, counted, begin + block) - _at(times_us, counted, begin)
    best = int(np.argmax(np.round(passed)))
    return SlidingPower(fine, int(begin[best]), float(passed[best]))


def _block(starts_us: I64) -> int:
    return int(starts_us[1] - starts_us[0]) if len(starts_us) > 1 else 15 * MINUTE_US


def _at(times_us: I64, counted: Curve, when: I64) -> Curve:
    """The curve at moments; before its first reading and after its last it stands still."""
    base = float(counted[0])
    passed = np.interp(when - times_us[0], times_us - times_us[0], counted - base)
    return np.asarray(passed + base, dtype=np.float64)


def _read_often(times_us: I64, counted: Curve, edges: I64) -> NDArray[np.bool_]:
    """Quarters in and around which no two neighbouring readings lie far apart, and none is less
    than the one before."""
    bad = (np.diff(times_us) > WIDEST_US) | (np.diff(counted) < 0)
    before = np.concatenate([[0], np.cumsum(bad)])
    start = np.searchsorted(times_us, edges[:-1], side="right") - 1
    end = np.searchsorted(times_us, edges[1:], side="left")
    inside = (start >= 0) & (end < len(times_us))
    start, end = np.clip(start, 0, None), np.clip(end, None, len(times_us) - 1)
    return np.asarray(inside & (before[end] == before[start]), dtype=np.bool_)


def _as_booked(times_us: I64, counted: Curve, edges: I64, quantity: I64) -> NDArray[np.bool_]:
    rise = np.diff(_at(times_us, counted, edges))
    return np.asarray(np.abs(rise - quantity) <= SLACK, dtype=np.bool_)
