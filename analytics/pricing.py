"""What a finding is worth: energy above expectation, its money, its carbon, and how sure.

    waste    = sum over evidence hours of (measured - expected)
    cost     = sum over hours of waste[t] * price[t]           a sum for each currency
    carbon   = sum over hours of waste[t] * factor[day of t]
    interval = waste +- 1.64 * s       s: what as many hours are off by while the meter is well
             = waste +- 1.64 * s_day * sqrt(n (1 + rho) / (1 - rho))    where that was not learned

with n the nights or days of the event, s_day the standard deviation of the same hours' residual
sum on days without a finding, and rho its correlation from one day to the next, which makes n
days count for fewer. 1.64 is the 95th percentile of the normal distribution, hence a 90 %
interval. Prices and factors are those of figures: nothing is priced here.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np

from analytics.detectors.site import Candidate, DayMeans, Site
from analytics.groups import Bools, Floats, Ints
from analytics.robust import scale
from figures import canonical
from metering.finding import Sums
from metering.registry import Meter
from metering.units import BOOK_UNITS

Z90 = 1.64
HALF_SURE, MOST_SURE = 6.0, 0.98
"""The score at which as much is right as wrong, and beyond what nothing is claimed."""
STEEP = 5
MOST_CORRELATION = 0.9
"""Beyond it a few quiet days say too little about the spread to trust the formula."""
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
    quiet: Bools,
) -> Price:
    """Price an event whose evidence hours wasted `waste` [book units], shape as its hours.

    `quiet` (hours,) is False in the evidence hours of any finding of the meter.
    """
    starts = site.hours_us[candidate.hours]
    return Price(
        waste=int(waste.sum()) / BOOK_UNITS[meter.unit].per_canonical,
        half=_half(site, candidate, quiet),
        score=candidate.score,
        costs=rates.money(meter, starts, waste),
        kgco2=rates.kgco2(meter, starts, waste),
    )


def _half(site: Site, candidate: Candidate, quiet: Bools) -> float:
    if candidate.own is not None:
        return candidate.own.half
    return Z90 * candidate.sigma if candidate.sigma else half_width(site, candidate, quiet)


def half_width(site: Site, candidate: Candidate, quiet: Bools) -> float:
    """Half of the 90 % interval of a candidate's waste [kWh].

    `quiet` has shape (hours,) and is False in the evidence hours of any finding of the meter.
    With fewer than five quiet days to learn from, the hourly spread stands in.
    """
    row, per_day = candidate.meter, candidate.hours.size / candidate.days
    hours = np.isin(site.clock.hour, site.clock.hour[candidate.hours])
    same_kind = np.isin(site.clock.working, site.clock.working[candidate.hours])
    daily = DayMeans.of(site.residual[[row]], site.clock, hours & same_kind & quiet).means[0]
    known = daily[np.isfinite(daily)]
    if known.size < LEAST_DAYS:
        return float(Z90 * np.sqrt((site.rest_sigma[row, candidate.hours] ** 2).sum()))
    s_day = float(scale(known[None, :], np.zeros(1))[0]) * per_day
    rho = persistence(daily)
    return float(Z90 * s_day * np.sqrt(candidate.days * (1 + rho) / (1 - rho)))


def persistence(daily: Floats) -> float:
    """Correlation of neighbouring days, between 0 and 0.9; unknown days are skipped."""
    pairs = np.isfinite(daily[1:]) & np.isfinite(daily[:-1])
    before, after = daily[:-1][pairs], daily[1:][pairs]
    if before.size < LEAST_DAYS or before.std() == 0 or after.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(before, after)[0, 1], 0.0, MOST_CORRELATION))
