"""What a finding is worth: energy above expectation, its money, its carbon, and how sure.

    waste    = sum over evidence hours of (measured - expected)
    cost     = sum over hours of waste[t] * price[t]           exact, by the tariff's row
    carbon   = sum over hours of waste[t] * factor[day of t]   exact, by the factor's row
    interval = waste +- 1.64 * s_day * sqrt(n (1 + rho) / (1 - rho))

with n the nights or days of the event, s_day the standard deviation of the same hours' residual
sum on days without a finding, and rho its correlation from one day to the next, which makes n
days count for fewer. 1.64 is the 95th percentile of the normal distribution, hence a 90 %
interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from analytics.detectors.site import Candidate, DayMeans, Site
from analytics.groups import Bools, Floats, Ints
from analytics.robust import scale
from metering.factor import Factor, factor_on
from metering.localtime import day_of_number
from metering.tariff import Tariff

Z90 = 1.64
MOST_CORRELATION = 0.9
"""Beyond it a few quiet days say too little about the spread to trust the formula."""
LEAST_DAYS = 5


@dataclass(frozen=True)
class Rates:
    """What a unit of energy costs and emits at a site."""

    zone: str
    tariff: Tariff | None
    factors: tuple[Factor, ...]


@dataclass(frozen=True)
class Price:
    """The worth of one event."""

    waste: float
    """[canonical unit]."""
    half: float
    """Half of the 90 % interval [canonical unit]."""
    cost: Decimal | None = None
    currency: str = ""
    kgco2: Decimal | None = None

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
    item: str,
    waste: Ints,
    per_canonical: int,
    rates: Rates,
    quiet: Bools,
) -> Price:
    """Price an event whose evidence hours wasted `waste` [book units], shape as its hours.

    `quiet` (hours,) is False in the evidence hours of any finding of the meter.
    """
    starts, days = site.hours_us[candidate.hours], site.clock.day[candidate.hours]
    money, currency = cost(waste, starts, item, per_canonical, rates)
    return Price(
        waste=int(waste.sum()) / per_canonical,
        half=half_width(site, candidate, quiet),
        cost=money,
        currency=currency,
        kgco2=carbon(waste, days, item, per_canonical, rates.factors),
    )


def cost(
    waste: Ints, starts_us: Ints, item: str, per_canonical: int, rates: Rates
) -> tuple[Decimal | None, str]:
    """Money for waste [book units] by hour, and its currency.

    None where there is no tariff, where it is silent in any of the hours, or where it changes
    its currency between them: a part of the sum would look like the whole.
    """
    if rates.tariff is None:
        return None, ""
    rows = rates.tariff.rows_at(starts_us, rates.zone, item)
    held = [row for row in rows if row is not None]
    currencies = {row.currency for row in held}
    if len(held) < len(rows) or len(currencies) != 1:
        return None, ""
    return _weighted(waste, [row.price for row in held], per_canonical), currencies.pop()


def carbon(
    waste: Ints, days: Ints, item: str, per_canonical: int, factors: Sequence[Factor]
) -> Decimal | None:
    """kgCO2 for waste [book units] on local days; None where no factor holds on any of them."""
    by_day = {
        day: factor_on(factors, "kgco2", item, day_of_number(day)) for day in set(days.tolist())
    }
    held = {day: factor.value for day, factor in by_day.items() if factor is not None}
    if len(held) < len(by_day):
        return None
    return _weighted(waste, [held[day] for day in days.tolist()], per_canonical)


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
        return float(Z90 * site.rest_sigma[row] * np.sqrt(candidate.hours.size))
    s_day = float(scale(known[None, :], np.zeros(1))[0]) * per_day
    rho = _persistence(daily)
    return float(Z90 * s_day * np.sqrt(candidate.days * (1 + rho) / (1 - rho)))


def _persistence(daily: Floats) -> float:
    """Correlation of neighbouring days, between 0 and 0.9; unknown days are skipped."""
    pairs = np.isfinite(daily[1:]) & np.isfinite(daily[:-1])
    before, after = daily[:-1][pairs], daily[1:][pairs]
    if before.size < LEAST_DAYS or before.std() == 0 or after.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(before, after)[0, 1], 0.0, MOST_CORRELATION))


def _weighted(amounts: Ints, rates: Sequence[Decimal], per_canonical: int) -> Decimal:
    """Exact sum of amount times rate; integers by rate first, one division by the unit last."""
    by_rate: dict[Decimal, int] = {}
    for amount, rate in zip(amounts.tolist(), rates, strict=True):
        by_rate[rate] = by_rate.get(rate, 0) + amount
    whole = sum((Fraction(rate) * amount for rate, amount in by_rate.items()), Fraction(0))
    exact = whole / per_canonical
    return Decimal(exact.numerator) / Decimal(exact.denominator)
