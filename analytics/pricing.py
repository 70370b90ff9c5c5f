"""What a finding is worth: energy above expectation, its money, its carbon, and how sure.

    waste    = sum over evidence hours of (measured - expected)
    cost     = sum over hours of waste[t] * price[t]           a sum for each currency
    carbon   = sum over hours of waste[t] * factor[day of t]
    interval = waste +- 1.64 * s_day * sqrt(n (1 + rho) / (1 - rho))

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

    @property
    def sole(self) -> tuple[str, Decimal | None]:
        """Currency and amount, if all of it is in one currency; else "" and None."""
        return self.costs[0] if len(self.costs) == 1 else ("", None)

    @property
    def confidence(self) -> float:
        """Waste against waste and doubt together, 0 .. 1; 1 where nothing is in doubt."""
        doubtful = max(self.waste, 0.0) + self.half
        return max(self.waste, 0.0) / doubtful if doubtful else 1.0


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
        half=half_width(site, candidate, quiet) if candidate.own is None else candidate.own.half,
        costs=rates.money(meter, starts, waste),
        kgco2=rates.kgco2(meter, starts, waste),
    )


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
