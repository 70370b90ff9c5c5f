"""Totals against what they should hold, day by day, as values that the rule of drift works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analytics.groups import Bools, Ints
from metering.quantity import ABSENT

Booked = NDArray[np.int64]


@dataclass(frozen=True)
class KnownChange:
    """What the registry or the ledger says happened to a meter on a day."""

    day: int
    """Local day, days since 1970-01-01."""
    meter: str
    kind: str
    """`ratio`, `replaced`, or what the ledger calls an event, such as `reversed`."""


@dataclass(frozen=True, eq=False)
class TermDays:
    """What one meter or place counts into a balance."""

    code: str
    is_total: bool
    amounts: Booked
    """Book units, (days,); ABSENT where not known, or where it does not count."""
    meters: tuple[str, ...] = ()
    """Those behind it."""
    named: bool = True
    """Whether who sees the total may be told its name."""


@dataclass(frozen=True, eq=False)
class BalanceDays:
    """One total against its parts over consecutive local days."""

    meter: str
    """The total meter by which it is told."""
    days: Ints
    """Local days since 1970-01-01, rising by one, (days,)."""
    working: Bools
    """Working days, (days,)."""
    made: Ints
    """Which terms it is made of, as a number that changes with them, (days,)."""
    terms: tuple[TermDays, ...]
    usable: Bools
    """Days on which every term is known, not estimated, and hardly apportioned, (days,)."""
    unit: str = "kWh"
    """Canonical unit of the item."""
    per_canonical: int = 1_000_000
    """Book units in one of it."""
    first_judged: int = 0
    """Earlier days are history alone: not all that they would be judged by was read."""
    changes: tuple[KnownChange, ...] = ()

    @cached_property
    def total(self) -> Booked:
        """Book units, (days,); ABSENT where the day is not usable."""
        return self._sum(is_total=True)

    @cached_property
    def parts(self) -> Booked:
        """Likewise of the parts."""
        return self._sum(is_total=False)

    @cached_property
    def difference(self) -> Booked:
        """Total less parts, likewise."""
        return np.where(self.usable, self.total - self.parts, ABSENT)

    def _sum(self, *, is_total: bool) -> Booked:
        rows = [one.amounts for one in self.terms if one.is_total is is_total]
        known = [np.where(row == ABSENT, 0, row) for row in rows]
        summed = np.sum(known, axis=0) if known else np.zeros(self.days.size, dtype=np.int64)
        return np.where(self.usable, summed, ABSENT)


def spread(amount: int, count: int) -> list[int]:
    """A day's amount over its hours, evenly, to the last unit."""
    return [amount * (n + 1) // count - amount * n // count for n in range(count)]


def by_hour(series: Sequence[BalanceDays], hours: Mapping[int, Ints]) -> dict[str, dict[int, int]]:
    """Total meter -> start of the hour [us] -> its part of the day's difference [book units], of
    usable days; `hours` are the starts of each day's hours."""
    return {
        one.meter: {
            int(start): part
            for day, amount in zip(one.days.tolist(), one.difference.tolist(), strict=True)
            if amount != ABSENT and day in hours
            for start, part in zip(hours[day], spread(amount, hours[day].size), strict=True)
        }
        for one in series
    }
