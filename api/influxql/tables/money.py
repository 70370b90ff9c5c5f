"""Money and carbon of booked periods as columns, exactly as `figures` tells them.

Only money has a currency. Its rows bear it as a label; other fields have none, and stand beside
every currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import inf, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.influxql.engine import exact
from api.influxql.engine.rows import FieldKind, Rows, Values
from figures import Cost, Emission, Energy, Money, emissions_of_each
from figures import View as Books
from metering.factor import USUAL_BASES, Bases, Carbon, Coal
from metering.items import category
from metering.quality import ESTIMATED, WHOLE
from metering.quality import NAMES as QUALITIES
from metering.units import BOOK_UNITS

_SUMS: Final = {"cost": "amount", "cost_low": "low", "cost_high": "high"}
_SHARES: Final = {f"cost_{name}": n for n, name in enumerate(QUALITIES) if n <= ESTIMATED}
MONEY: Final[Mapping[str, FieldKind]] = {
    **dict.fromkeys(_SUMS, FieldKind.AMOUNT),
    "priced": FieldKind.AMOUNT,
    **dict.fromkeys(_SHARES, FieldKind.SHARE),
}
"""Fields that have a currency."""
EMISSIONS: Final[Mapping[str, tuple[int, Bases]]] = {
    "kgco2": (0, USUAL_BASES),
    "kgco2_market": (0, Bases(carbon=Carbon.MARKET)),
    "kgce": (1, USUAL_BASES),
    "kgce_equal": (1, Bases(coal=Coal.EQUAL)),
}
"""Carbon and coal, each basis a field of its own: which of (kgCO2, kgce), and on which bases."""


def emitted(books: Books, energy: Energy, names: Iterable[str]) -> dict[str, Values]:
    """kgCO2 and kgce of each period; inf where some of its energy has no factor."""
    known = dict[Bases, list[tuple[Emission, Emission]]]()
    columns = {}
    for name, (place, bases) in EMISSIONS.items():
        if name in names:
            if bases not in known:
                known[bases] = emissions_of_each(books, energy, bases)
            amounts = [_emitted(pair[place]) for pair in known[bases]]
            columns[name] = Values(*exact.of_decimals(amounts))
    return columns


def _emitted(emission: Emission) -> Decimal | float:
    if emission.uncovered:
        return inf
    return nan if emission.whole is None else emission.whole


@dataclass(frozen=True, eq=False)
class PricedPeriods:
    """The money of some periods in one currency."""

    currency: str
    mask: NDArray[np.bool_]
    """(n,) periods that have it."""
    numbers: dict[str, Values]
    """A value for each of those."""


def by_currency(costs: Sequence[Cost], item: str, names: Iterable[str]) -> list[PricedPeriods]:
    """The asked fields of money, a table for each currency."""
    wanted = [name for name in MONEY if name in names]
    if not wanted:
        return []
    found = []
    for currency in sorted({money.currency for cost in costs for money in cost.money}):
        own = [
            (cost, money) for cost in costs for money in cost.money if money.currency == currency
        ]
        mask = np.array([any(m.currency == currency for m in c.money) for c in costs])
        numbers = {name: _column(name, own, item, currency) for name in wanted}
        found.append(PricedPeriods(currency, mask, numbers))
    return found


def _column(name: str, own: Sequence[tuple[Cost, Money]], item: str, currency: str) -> Values:
    if name in _SUMS:
        sums, scale = exact.of_decimals([getattr(money, _SUMS[name]) for _, money in own])
        return Values(sums, scale, currency=currency)
    if name == "priced":
        amounts = exact.objects(_priced(cost, currency) for cost, _ in own)
        return Values(amounts, BOOK_UNITS[category(item).unit].per_canonical, currency=currency)
    shares = np.array([money.shares[_SHARES[name]] for _, money in own], dtype=np.float64)
    weight, _ = exact.of_decimals([abs(money.amount) for _, money in own])
    return Values(shares, WHOLE, weight, currency=currency)


def _priced(cost: Cost, currency: str) -> int:
    return sum(part.quantity for part in cost.periods if part.currency == currency)


def unpriced(costs: Sequence[Cost], names: Iterable[str]) -> dict[str, Values]:
    """inf, in whatever currency, for each period that has energy without a price: what is
    priced of it would look like the whole."""
    amounts = np.array([nan if cost.all_priced else inf for cost in costs], dtype=np.float64)
    return {name: Values(amounts) for name in MONEY if name in names and name != "priced"}


def apart(plain: Rows, priced: Sequence[PricedPeriods]) -> list[Rows]:
    """The money of each currency by itself, to be added up; `plain` has what has none."""
    bare = Rows(plain.series, plain.time_us, {}, labels=plain.labels)
    return [_rows(bare, one, one.mask) for one in priced]


def together(plain: Rows, priced: Sequence[PricedPeriods]) -> list[Rows]:
    """Rows to be shown as they are: all fields in one, with the period's first currency; money
    in a second one has a row of its own."""
    found, left = [], np.ones(len(plain.time_us), dtype=np.bool_)
    bare = Rows(plain.series, plain.time_us, {}, labels=plain.labels)
    for one in priced:
        for own, mask in ((plain, one.mask & left), (bare, one.mask & ~left)):
            if mask.any():
                found.append(_rows(own, one, mask))
        left &= ~one.mask
    return [*found, plain.of(left)] if left.any() else found


def _rows(plain: Rows, one: PricedPeriods, mask: NDArray[np.bool_]) -> Rows:
    kept, chosen = plain.of(mask), mask[one.mask]
    money = {name: values.of(chosen) for name, values in one.numbers.items()}
    currency = np.full(len(kept.time_us), one.currency)
    return replace(
        kept,
        numbers={**kept.numbers, **money},
        labels={**kept.labels, "currency": currency},
    )
