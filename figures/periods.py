"""Energy by what prices it: tariff rows, tariff periods, and what is certain of it.

    measured     both ends in one price, or in prices that are equal
    apportioned  a gap inside one price that reaches out of the period asked
    estimated    a stretch over several prices, split by time; or energy that stands in for a
                 silent total

A tally takes quantities [book units] and gives money. Decimal throughout and exact: a quantity
is whole, a price is finite. Rounding is for display only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Final

from metering.quality import WHOLE
from metering.quantity import apportion
from metering.tariff import TariffRow

DIGITS: Final = 80
"""Significant digits that no sum of money needs: nothing is ever rounded."""
Shares = tuple[int, int, int, int]
"""measured, apportioned, estimated, missing [1/10,000]."""
Price = TariffRow | None


@dataclass(frozen=True)
class Money:
    """A sum in one currency."""

    currency: str
    amount: Decimal
    low: Decimal
    """Had all that lies over several prices passed at the cheapest of them."""
    high: Decimal
    """At the dearest."""
    shares: Shares
    """By amount; what is missing is missing by time, as of the energy."""


@dataclass(frozen=True)
class PeriodCost:
    """Energy and money of one tariff period (peak, valley ...) in one currency."""

    period: str
    quantity: int
    """Book units [mWh, mL, kJ]."""
    cost: Decimal
    currency: str


@dataclass(frozen=True)
class Cost:
    """What energy costs. Currencies are never added: each has its own sum."""

    money: tuple[Money, ...] = ()
    """By currency; empty where no energy has a price."""
    periods: tuple[PeriodCost, ...] = ()
    rows: tuple[TariffRow, ...] = ()
    """The tariff rows used."""
    priced: int = 0
    """Book units that have a price."""
    unpriced: int = 0
    """Book units for which the tariffs are silent."""
    all_priced: bool = True
    """Whether no energy is without a price."""

    @property
    def sole(self) -> Money | None:
        """The sum, if it holds all the energy and is in one currency; a part would look like
        the whole."""
        return self.money[0] if len(self.money) == 1 and self.all_priced else None


@dataclass
class Tally:
    """Quantities by tariff row, while they are being added up."""

    per_canonical: int
    """Book units in a canonical unit, which prices are per."""
    certain: dict[Price, int] = field(default_factory=lambda: defaultdict(int))
    """Energy of one price."""
    estimated: dict[Price, int] = field(default_factory=lambda: defaultdict(int))
    """Energy that stands in for a silent total."""
    apportioned: dict[Price, int] = field(default_factory=lambda: defaultdict(int))
    """Energy of a gap that reaches out of the period."""
    spread: list[Mapping[Price, int]] = field(default_factory=list)
    """Stretches over several prices, each by time."""

    def stretch(self, parts: Iterable[tuple[Price, int]], *, held: bool) -> None:
        """Add a stretch between two readings; `held` says that the period holds it whole, or
        that it is no gap."""
        by_row: dict[Price, int] = defaultdict(int)
        for row, quantity in parts:
            by_row[row] += quantity
        if len({_value(row) for row in by_row}) > 1:
            self.spread.append(by_row)
            return
        into = self.certain if held else self.apportioned
        for row, quantity in by_row.items():
            into[row] += quantity

    def take(self, other: Tally) -> None:
        """Add what another tally holds."""
        for mine, others in (
            (self.certain, other.certain),
            (self.estimated, other.estimated),
            (self.apportioned, other.apportioned),
        ):
            for row, quantity in others.items():
                mine[row] += quantity
        self.spread += other.spread

    def cost(self, missing: int = 0) -> Cost:
        """What it costs; `missing` is the share of time of which no energy is known."""
        with localcontext() as context:
            context.prec = DIGITS
            return self._cost(missing)

    def _cost(self, missing: int) -> Cost:
        taken: dict[Price, int] = defaultdict(int)
        for group in (self.certain, self.estimated, self.apportioned, *self.spread):
            for row, quantity in group.items():
                taken[row] += quantity
        rows = [row for row in taken if row is not None]
        unpriced = taken.get(None, 0)
        currencies = sorted({row.currency for row in rows})
        return Cost(
            _told([self._money(currency, taken, missing) for currency in currencies]),
            self._periods(taken),
            tuple(rows),
            sum(taken[row] for row in rows),
            unpriced,
            not self._any_unpriced(),
        )

    def _any_unpriced(self) -> bool:
        groups = (self.certain, self.estimated, self.apportioned, *self.spread)
        return any(group.get(None, 0) != 0 for group in groups)

    def _periods(self, taken: Mapping[Price, int]) -> tuple[PeriodCost, ...]:
        found: dict[tuple[str, str], tuple[int, Decimal]] = {}
        for row, quantity in taken.items():
            if row is not None:
                name = (row.period, row.currency)
                old = found.get(name, (0, Decimal(0)))
                found[name] = (old[0] + quantity, old[1] + self._worth(row, quantity))
        return tuple(
            PeriodCost(period, quantity, cost, currency)
            for (period, currency), (quantity, cost) in sorted(found.items())
        )

    def _money(self, currency: str, taken: Mapping[Price, int], missing: int) -> Money:
        amount = self._sum(taken, currency)
        low = high = amount
        for stretch in self.spread:
            own = self._sum(stretch, currency)
            least, most = self._bounds(stretch, currency)
            low, high = low + least - own, high + most - own
        weights = [
            self._size(self.certain, currency),
            self._size(self.apportioned, currency),
            self._size(self.estimated, currency)
            + sum((self._size(one, currency) for one in self.spread), Decimal(0)),
        ]
        return Money(currency, amount, low, high, _shares(weights, missing))

    def _bounds(self, stretch: Mapping[Price, int], currency: str) -> tuple[Decimal, Decimal]:
        """Least and most that a stretch may cost in a currency, all of it at one price."""
        whole = sum(stretch.values())
        ends = [
            self._worth(row, whole)
            for row in stretch
            if row is not None and row.currency == currency
        ]
        if any(row is None or row.currency != currency for row in stretch) or not ends:
            ends.append(Decimal(0))
        return min(ends), max(ends)

    def _sum(self, group: Mapping[Price, int], currency: str) -> Decimal:
        return sum(
            (self._worth(row, q) for row, q in group.items() if row and row.currency == currency),
            Decimal(0),
        )

    def _size(self, group: Mapping[Price, int], currency: str) -> Decimal:
        return sum(
            (
                abs(self._worth(row, q))
                for row, q in group.items()
                if row and row.currency == currency
            ),
            Decimal(0),
        )

    def _worth(self, row: TariffRow, quantity: int) -> Decimal:
        return Decimal(quantity) * row.price / self.per_canonical


def _told(money: Sequence[Money]) -> tuple[Money, ...]:
    """Sums of the currencies in which anything was or may have been spent; where that is none,
    sums of nothing."""
    spent = tuple(one for one in money if one.amount or one.low or one.high)
    return spent or tuple(money)


def _value(row: Price) -> tuple[str, Decimal] | None:
    return None if row is None else (row.currency, row.price)


def _shares(weights: list[Decimal], missing: int) -> Shares:
    """Shares by amount of what is known; all measured where the amount is nothing."""
    least = min(int(weight.as_tuple().exponent) for weight in weights)
    whole = [int(weight.scaleb(-least)) for weight in weights]
    known = WHOLE - missing
    parts = apportion(known, whole).tolist() if any(whole) else [known, 0, 0]
    return (parts[0], parts[1], parts[2], missing)
