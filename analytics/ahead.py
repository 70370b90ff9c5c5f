"""A period that has begun, to its end: what is booked, what is filled in, what is to come.

    |---- booked ----|-- filled --|---- booked ----|######## expected ########|
    first                                        today                      last

A day that lacks readings is filled with what the rule of `analytics.forecast` would have expected
of it, so that a gap never looks like a saving.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.forecast import Bounds, forecast
from analytics.groups import Bools, Floats


@dataclass(frozen=True, eq=False)
class Outlook:
    """A period by day."""

    days: Floats
    """(n,) amounts of its days: booked, filled or expected."""
    filled: Bools
    """(n,) whether a day has passed and lacks readings."""
    bounds: Bounds | None
    """The whole period's amount lies between them in four of five; None where that is unknown."""
    stretches: int

    @property
    def total(self) -> float:
        """The whole period's amount."""
        return float(self.days.sum())

    def passes(self, budget: float) -> int | None:
        """The day, from 0, on which the sum exceeds a budget; None where it never does."""
        over = np.flatnonzero(np.cumsum(self.days) > budget)
        return int(over[0]) if over.size else None


def outlook(known: Floats, working: Bools, begun: int) -> Outlook | None:
    """The period of which `begun` days have passed.

    `known` and `working` are as `forecast` takes them; the last `begun` of the known days and all
    after them are the period. None where there is no forecast, or a day has no usual one of its
    kind.
    """
    told = forecast(known, working)
    if told is None:
        return None
    own = known[known.size - begun :] if begun else known[:0]
    lacking = ~np.isfinite(own)
    passed = np.where(lacking, _filling(known, working, begun, lacking), own)
    days = np.concatenate([passed, told.days])
    if not np.isfinite(days).all():
        return None
    filled = np.concatenate([lacking, np.zeros(told.days.size, dtype=bool)])
    return Outlook(days, filled, beyond(told.bounds, float(passed.sum())), told.stretches)


def beyond(bounds: Bounds | None, passed: float) -> Bounds | None:
    """Bounds of a whole of which so much has passed."""
    return None if bounds is None else (passed + bounds[0], passed + bounds[1])


def _filling(known: Floats, working: Bools, begun: int, lacking: Bools) -> Floats:
    """(begun,) what is expected of days that lack readings; where nothing was known before them,
    the mean of their kind over the days of the period and as many before it."""
    found = np.full(begun, np.nan)
    first = known.size - begun
    for day in np.flatnonzero(lacking).tolist():
        at = first + day
        told = forecast(known[:at], working[: at + 1]) if at else None
        if told is not None:
            found[day] = told.days[0]
    lately = slice(max(0, known.size - 2 * max(begun, 28)), known.size)
    for kind in (False, True):
        own = known[lately][working[lately] == kind]
        open_days = ~np.isfinite(found) & lacking & (working[first : known.size] == kind)
        if open_days.any() and np.isfinite(own).any():
            found[open_days] = np.nanmean(own)
    return found
