"""Energy by what prices it, and the money that it comes to, in exact fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from recompute.curve import WHOLE, apportioned
from recompute.facts import PriceLine

Pieces = dict[PriceLine | None, int]
"""Book units by the row that prices them; None where none does."""


@dataclass(frozen=True)
class CurrencySum:
    """Money of one currency."""

    currency: str
    value: Fraction
    low: Fraction
    high: Fraction
    shares: tuple[int, ...]
    """By amount, of 10,000; what is missing is missing by time."""


@dataclass(frozen=True)
class RecomputedMoney:
    """What a period costs."""

    sums: tuple[CurrencySum, ...] = ()
    unpriced: int = 0
    """Book units without a price."""
    whole: bool = True
    """Whether all energy has a price."""

    @property
    def sole(self) -> CurrencySum | None:
        """The sum, where there is one that holds all the energy."""
        return self.sums[0] if len(self.sums) == 1 and self.whole else None


@dataclass
class MoneyTally:
    """Energy by what prices it, while it is being added up."""

    per: int
    """Book units in the unit that prices are per."""
    certain: Pieces = field(default_factory=lambda: defaultdict(int))
    apportioned: Pieces = field(default_factory=lambda: defaultdict(int))
    estimated: Pieces = field(default_factory=lambda: defaultdict(int))
    spread: list[Pieces] = field(default_factory=list)
    """Stretches over several prices."""

    def stretch(self, pieces: Pieces, *, held: bool) -> None:
        """A stretch over an edge of prices: by time over several of them; else certain where it is
        measured, or the period holds its windows whole."""
        if len({None if row is None else (row.currency, row.price) for row in pieces}) > 1:
            self.spread.append(pieces)
            return
        for row, amount in pieces.items():
            (self.certain if held else self.apportioned)[row] += amount

    def money(self, missing: int) -> RecomputedMoney:
        """What it costs; `missing` is the share of the time of which no energy is known."""
        groups = [self.certain, self.apportioned, self.estimated, *self.spread]
        rows = {row for group in groups for row in group if row is not None}
        sums = [self._sum(name, missing) for name in sorted({row.currency for row in rows})]
        spent = [one for one in sums if one.value or one.low or one.high]
        none = [group.get(None, 0) for group in groups]
        return RecomputedMoney(tuple(spent or sums), sum(none), not any(none))

    def _sum(self, currency: str, missing: int) -> CurrencySum:
        groups = (self.certain, self.apportioned, self.estimated)
        known = [self._worth(group, currency) for group in groups]
        value = sum(known, Fraction(0))
        low = high = value
        for pieces in self.spread:
            own, whole = self._worth(pieces, currency), sum(pieces.values())
            ends = [
                row.price * whole / self.per if row and row.currency == currency else Fraction(0)
                for row in pieces
            ]
            value, low, high = value + own, low + min(ends), high + max(ends)
        sizes = [self._size([group], currency) for group in groups]
        sizes[2] += self._size(self.spread, currency)
        return CurrencySum(currency, value, low, high, _shares(sizes, missing))

    def _worth(self, pieces: Pieces, currency: str) -> Fraction:
        found = [r.price * q for r, q in pieces.items() if r and r.currency == currency]
        return sum(found, Fraction(0)) / self.per

    def _size(self, groups: Iterable[Pieces], currency: str) -> Fraction:
        found = [
            abs(row.price * amount)
            for pieces in groups
            for row, amount in pieces.items()
            if row and row.currency == currency
        ]
        return sum(found, Fraction(0))


def _shares(sizes: Sequence[Fraction], missing: int) -> tuple[int, ...]:
    common = lcm(*(one.denominator for one in sizes))
    whole = [int(one * common) for one in sizes]
    known = WHOLE - missing
    parts = apportioned(known, whole) if any(whole) else (known, 0, 0)
    return (*parts, missing)


def exact(value: Fraction) -> str:
    """The decimal of a fraction that has one: of prices and whole book units. A fraction that has
    none is given as numerator/denominator."""
    rest, digits = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        digits = max(digits, count)
    if rest != 1:
        return str(value)
    sign, whole = "-" if value < 0 else "", abs(value) * 10**digits
    text = str(int(whole)).rjust(digits + 1, "0")
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)
