"""The most power of any 15 minutes, where readings are finer than what is booked.

    readings   |....|....|....|....|     of a register a curve, or intervals side by side
    quarters   [    ][    ][    ][   ]   as booked: a quarter whose rise is not what the curve
                   <---->                says is left out, and all windows over it
                   window

Which readings stand is decided where books are made. So the curve is believed in a quarter only
where it never falls, is read often enough, and comes to what is booked. Intervals of energy, or of
mean power, are believed where they fill the quarter without a gap and come to what is booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metering.localtime import HOUR_US, MINUTE_US
from metering.quantity import I64

WIDEST_US: Final = 5 * MINUTE_US
"""Between two readings of a quarter that tells more than itself."""
SLACK: Final = 2.0
"""Book units by which rounding may set the curve apart from the books."""
SECOND_US: Final = MINUTE_US // 60
LENGTHS_US: Final = (
    *(n * SECOND_US for n in (1, 2, 5, 10, 15, 20, 30)),
    *(n * MINUTE_US for n in (1, 3, 5)),
)
"""Of intervals that fill a quarter of an hour, none longer than `WIDEST_US`."""
JITTER: Final = 10
"""A stamp may be off the grid by that part of its interval, by LATEST_US at most."""
LATEST_US: Final = 30 * SECOND_US

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
    return _most(times_us, counted, starts_us, fine)


def sliding_of_intervals(
    stamps_us: I64,
    told: Curve,
    starts_us: I64,
    quantity: I64,
    known: NDArray[np.bool_],
    *,
    is_power: bool = False,
) -> SlidingPower:
    """The same of readings that each tell what passed in the interval which they begin.

    `stamps_us`, `told` (m,) rising times and book units, or with `is_power` book units per hour;
    the rest as of `sliding_power`. How long the intervals of a quarter are is told by their stamps.
    """
    if len(starts_us) == 0 or len(stamps_us) < 2:
        return SlidingPower(np.zeros(len(starts_us), dtype=np.bool_))
    block, count = _block(starts_us), len(starts_us)
    fine = np.zeros(count, dtype=np.bool_)
    filled: dict[int, Curve] = {}
    for length in LENGTHS_US:
        hours = length / HOUR_US if is_power else 1.0
        cells = _cells(stamps_us - starts_us[0], np.rint(told * hours), length, count * block)
        rows = cells.reshape(count, block // length)
        own = known & ~fine & (rows >= 0).all(axis=1)
        own &= np.abs(np.where(own, rows.sum(axis=1), 0) - quantity) <= SLACK
        filled |= {int(n): rows[n] for n in np.flatnonzero(own)}
        fine |= own
    amounts = [filled.get(n, np.maximum(quantity[n : n + 1], 0)) for n in range(count)]
    steps = [block // len(one) for one in amounts]
    cut = zip(starts_us, amounts, steps, strict=True)
    times = [at + np.arange(len(one)) * step for at, one, step in cut]
    edges = np.append(np.concatenate(times), starts_us[-1] + block)
    counted = np.concatenate([[0.0], np.cumsum(np.concatenate(amounts))])
    return _most(edges.astype(np.int64), counted, starts_us, fine)


def is_decided(quantity: I64, fine: NDArray[np.bool_], amount: int) -> bool:
    """Whether no window over a quarter that is told by its block alone can have held more.

    `quantity`, `fine` (n,) quarters side by side, all of them known. A window holds no more than
    the two quarters that it lies in.
    """
    both = quantity[:-1] + quantity[1:]
    return not bool(np.any((both > amount) & ~(fine[:-1] & fine[1:])))


def _cells(since_us: I64, told: Curve, length: int, whole_us: int) -> Curve:
    """What the intervals of one length hold, NaN where none is told; of two readings of one the
    nearer to its start counts, of equals the earlier."""
    cells = np.full(whole_us // length, np.nan)
    place = (since_us + length // 2) // length
    off = np.abs(since_us - place * length)
    good = (off <= min(length // JITTER, LATEST_US)) & (place >= 0) & (place < len(cells))
    order = np.lexsort((-since_us[good], -off[good]))
    cells[place[good][order]] = told[good][order]
    return cells


def _most(times_us: I64, counted: Curve, starts_us: I64, fine: NDArray[np.bool_]) -> SlidingPower:
    """The window with the most of those that lie in quarters in which the curve is believed."""
    block = _block(starts_us)
    edges = np.append(starts_us, starts_us[-1] + block)
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
