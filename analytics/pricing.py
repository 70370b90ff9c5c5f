"""What a finding is worth: energy above expectation, its money, its carbon, and how sure.

    waste    = sum over evidence hours of (measured - expected)
    cost     = sum over hours of waste[t] * price[t]           a sum for each currency
    carbon   = sum over hours of waste[t] * factor[day of t]
    interval = waste +- 1.64 * s

with s what the sum over as many hours is off by while the meter is well, which its habit says
(`analytics.scan.judge.NetNoise`), or what a detector itself tells. 1.64 is the 95th percentile of
the normal distribution, hence a 90 % interval. Prices and factors are those of figures: nothing is
priced here.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from analytics.detectors.site import Candidate, Site
from analytics.groups import Floats, Ints
from figures import canonical
from metering.finding import Sums
from metering.registry import Meter
from metering.units import BOOK_UNITS

Z90 = 1.64
HALF_SURE, MOST_SURE = 6.0, 0.98
"""The score at which as much is right as wrong, and beyond what nothing is claimed."""
STEEP = 5
MOST_CORRELATION = 0.9
"""Beyond it a few days say too little about the spread to trust a formula."""
LEAST_DAYS = 5


class Rates(Protocol):
    """What energy of a site's meters costs and emits.

    Amounts [book units] belong to the hours that start so [us UTC]; shapes are the same.
    """

    def money(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Sums:
        """A sum for each currency; empty where any of it has no price."""
        ...

    def kgco2(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Decimal | None:
        """None where a factor does not cover all of it."""
        ...

    def money_of_each(self, meter: Meter, starts_us: Ints, amounts: Ints) -> list[Sums]:
        """The money of each hour by itself."""
        ...


@dataclass(frozen=True)
class FlatRates:
    """One price and one factor for everything, for inputs that come from no books."""

    price: Decimal | None = None
    """Per canonical unit (kWh, m3, MJ); None where nothing has a price."""
    currency: str = "CNY"
    factor: Decimal | None = None
    """kgCO2 per canonical unit."""

    def money(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Sums:  # noqa: ARG002
        """All of it at the one price."""
        found = _times(self.price, meter, amounts)
        return () if found is None else ((self.currency, found),)

    def kgco2(self, meter: Meter, starts_us: Ints, amounts: Ints) -> Decimal | None:  # noqa: ARG002
        """All of it by the one factor."""
        return _times(self.factor, meter, amounts)

    def money_of_each(self, meter: Meter, starts_us: Ints, amounts: Ints) -> list[Sums]:
        """Each hour at the one price."""
        places = range(amounts.size)
        return [self.money(meter, starts_us[n : n + 1], amounts[n : n + 1]) for n in places]


def _times(rate: Decimal | None, meter: Meter, amounts: Ints) -> Decimal | None:
    amount = canonical(int(amounts.sum()), meter.item)
    return None if rate is None or amount is None else amount * rate


@dataclass(frozen=True)
class Price:
    """The worth of one event."""

    waste: float
    """[canonical unit]."""
    half: float
    """Half of the 90 % interval [canonical unit]."""
    costs: Sums = ()
    kgco2: Decimal | None = None
    score: float = 0.0
    """How surely it stands out; 0 where that was not asked."""

    @property
    def sole(self) -> tuple[str, Decimal | None]:
        """Currency and amount, if all of it is in one currency; else "" and None."""
        return self.costs[0] if len(self.costs) == 1 else ("", None)

    @property
    def confidence(self) -> float:
        """How often what stands out so far is right, 0 .. 1; where that was not asked, waste
        against waste and doubt together."""
        if self.score:
            return sure(self.score)
        doubtful = max(self.waste, 0.0) + self.half
        return max(self.waste, 0.0) / doubtful if doubtful else 1.0


def sure(score: float) -> float:
    """Share of what stood out so far that was right, on fleets made up for it: a curve through
    0.46 at 5.5, 0.81 at 7.5, 0.91 at 9, 0.98 beyond 13 (`docs/detection.md`)."""
    return min(1.0 / (1.0 + (HALF_SURE / score) ** STEEP), MOST_SURE)


FREE = Price(0.0, 0.0)
"""A meter fault wastes nothing: what it hides is unknown, not used in vain."""


def price(
    *,
    site: Site,
    candidate: Candidate,
    meter: Meter,
    waste: Ints,
    rates: Rates,
) -> Price:
    """Price an event whose evidence hours wasted `waste` [book units], shape as its hours."""
    starts = site.hours_us[candidate.hours]
    return Price(
        waste=int(waste.sum()) / BOOK_UNITS[meter.unit].per_canonical,
        half=_half(candidate),
        score=candidate.score,
        costs=rates.money(meter, starts, waste),
        kgco2=rates.kgco2(meter, starts, waste),
    )


def _half(candidate: Candidate) -> float:
    return Z90 * candidate.sigma if candidate.own is None else candidate.own.half


def persistence(daily: Floats) -> float:
    """Correlation of neighbouring days, between 0 and 0.9; unknown days are skipped."""
    pairs = np.isfinite(daily[1:]) & np.isfinite(daily[:-1])
    before, after = daily[:-1][pairs], daily[1:][pairs]
    if before.size < LEAST_DAYS or before.std() == 0 or after.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(before, after)[0, 1], 0.0, MOST_CORRELATION))
