"""What an hour of energy costs a unit, for energy that is a part of an hour's: waste.

    price of an hour   money of the energy booked in it / that energy
                       by time alone where nothing was used

So a case that wasted all of an hour's energy costs what the books say that hour costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Final

import numpy as np

from figures.energy import energy as energy_of
from figures.periods import Cost
from figures.series import Energy
from figures.view import View
from figures.worth import costs_of_each, per_canonical
from metering.book import SeriesKey
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, local_day
from metering.quantity import ABSENT, I64
from metering.tariff import TariffRow, windows_of

MONEY_DIGITS: Final = 28
"""An hour's price need not be a finite decimal: what is longer is rounded to so many digits."""


@dataclass(frozen=True)
class HourPrice:
    """What a unit of a meter's energy cost in an hour, by currency."""

    by_currency: dict[str, Fraction]
    """Money per book unit; parts of it where the hour spans currencies."""
    priced: bool
    """Whether all of the hour has a price."""


def hour_prices(view: View, key: SeriesKey, starts_us: I64) -> list[HourPrice]:
    """The price of each hour that starts so [us UTC]: the money of the energy booked in it over
    that energy; by time alone where nothing was used."""
    if not len(starts_us):
        return []
    zone = view.zone(key)
    first, last = (local_day(int(one), zone) for one in (starts_us.min(), starts_us.max()))
    hours = energy_of(view, key, first, last, "hour")
    places = np.clip(np.searchsorted(hours.start_us, starts_us), 0, len(hours) - 1)
    used = np.isin(hours.quantity[places], (ABSENT, 0), invert=True)
    used &= hours.start_us[places] == starts_us
    booked = _booked(view, hours, np.unique(places[used]))
    return [
        booked[place] if taken else _by_time(view, key, start)
        for start, place, taken in zip(
            starts_us.tolist(), places.tolist(), used.tolist(), strict=True
        )
    ]


def at_hour_prices(
    amounts: Sequence[int], prices: Sequence[HourPrice]
) -> tuple[tuple[str, Decimal], ...]:
    """(currency, money) of amounts [book units] by hour, sorted: currencies are never added.

    Empty where an hour has no price: a part of the sum would look like the whole.
    """
    if not all(price.priced for price in prices):
        return ()
    by_rate: dict[tuple[str, Fraction], int] = defaultdict(int)
    for amount, price in zip(amounts, prices, strict=True):
        for currency, rate in price.by_currency.items():
            by_rate[currency, rate] += amount
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for (currency, rate), amount in by_rate.items():
        sums[currency] += rate * amount
    return tuple((currency, _decimal(sums[currency])) for currency in sorted(sums))


def _booked(view: View, hours: Energy, places: I64) -> dict[int, HourPrice]:
    """Prices of the hours at these places, all of which used something."""
    costs = costs_of_each(view, _only(hours, places))
    used = hours.quantity[places].tolist()
    return {
        place: _of_cost(cost, amount)
        for place, cost, amount in zip(places.tolist(), costs, used, strict=True)
    }


def _of_cost(cost: Cost, used: int) -> HourPrice:
    money = {one.currency: Fraction(one.amount) / used for one in cost.money}
    return HourPrice(money, cost.all_priced)


def _only(energy: Energy, places: I64) -> Energy:
    return replace(
        energy,
        start_us=energy.start_us[places],
        end_us=energy.end_us[places],
        quantity=energy.quantity[places],
        shares=energy.shares[places],
        provisional=energy.provisional[places],
    )


def _by_time(view: View, key: SeriesKey, start_us: int) -> HourPrice:
    """The mean of an hour's prices, by the minutes of each."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    per, whole = per_canonical(key.item), True
    pieces = list(_pieces(view, key, start_us))
    length = sum(minutes for minutes, _ in pieces)
    for minutes, row in pieces:
        if row is None:
            whole = False
        else:
            found[row.currency] += Fraction(row.price) * minutes / (length * per)
    return HourPrice(dict(found), whole)


def _pieces(view: View, key: SeriesKey, start_us: int) -> Iterator[tuple[int, TariffRow | None]]:
    """(minutes, row) of each price window in an hour, which ends with its local day."""
    zone = view.zone(key)
    day = local_day(start_us, zone)
    scope, (day_start, day_end) = view.scope_of(key, day), day_bounds(day, zone)
    first = (start_us - day_start) // MINUTE_US
    last = (min(start_us + HOUR_US, day_end) - day_start) // MINUTE_US
    if scope is None:
        yield last - first, None
        return
    turns = windows_of(view.tariffs.edges(scope, day), day, zone)
    ends = (*(offset for offset, _ in turns), last)
    for (start, end), (_, wall) in zip(pairwise(ends), turns, strict=True):
        if max(start, first) < min(end, last):
            yield min(end, last) - max(start, first), view.tariffs.row_at(scope, day, wall)


def _decimal(amount: Fraction) -> Decimal:
    with localcontext() as context:
        context.prec = MONEY_DIGITS
        return Decimal(amount.numerator) / Decimal(amount.denominator)
