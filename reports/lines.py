"""Lines of the report: one node's figure of one item over a month, compared and priced."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from ledger import Cost, Emission, Energy, EnergyReader, cost, emission
from metering.factor import Factor
from metering.items import category
from metering.localtime import next_month
from metering.quality import MEASURED
from metering.registry import Registry
from metering.tariff import Tariff, TariffRow
from metering.units import BOOK_UNITS
from reports.model import Line, Past, Shares

COMPARABLE = 9_900
"""Measured time from which months are compared, by default 99 % [1/10,000]. A month's
apportioned share is a gap that reaches out of it: how much of it belongs to the month is not
known."""
CHANGE_DIGITS = Decimal("0.000001")


@dataclass(frozen=True)
class Worth:
    """A line with what its money and carbon were made from."""

    line: Line
    cost: Cost
    emissions: tuple[Emission, ...]


@dataclass
class LineMaker:
    """Makes the lines of one month."""

    energy: EnergyReader
    registry: Registry
    institution: str
    month: date
    comparable: int = COMPARABLE
    tariff: Tariff = field(init=False)

    def __post_init__(self) -> None:
        rows = self.registry.tariff
        self.tariff = Tariff.of(rows, self.institution, self.registry.calendar)

    def make(self, node: str, item: str) -> Worth:
        """The line of a node and item."""
        first, last = bounds(self.month)
        whole = self.energy.energy(node, item, first, last, "month", name_silent=True)
        daily = self.energy.energy(node, item, first, last, "day")
        native = self.energy.energy(node, item, first, last, "native")
        money = cost(native, self.tariff)
        factors = self.registry.factors
        kgco2, kgce = (emission(native, factors, name) for name in ("kgco2", "kgce"))
        amount, shares = whole.values()[0], as_shares(whole)
        provisional = bool(whole.provisional[0])
        now = amount if self._comparable(shares) and not provisional else None
        unit = category(item).unit
        line = Line(
            node=node,
            item=item,
            unit=unit,
            book_unit=BOOK_UNITS[unit].name,
            amount=amount,
            shares=shares,
            provisional=provisional,
            last_month=self._past(node, item, month_before(self.month), now),
            last_year=self._past(node, item, year_before(self.month), now),
            cost=None if money.unpriced else money.amount,
            currency=money.currency,
            kgco2=covered(kgco2),
            kgce=covered(kgce),
            daily=tuple(daily.values()),
            silent=whole.silent,
        )
        return Worth(line, money, (kgco2, kgce))

    def _past(self, node: str, item: str, month: date, now: int | None) -> Past:
        then = self.energy.energy(node, item, *bounds(month), "month")
        amount = then.values()[0]
        if amount is None:
            return Past(None, None, "absent")
        if not self._comparable(as_shares(then)) or bool(then.provisional[0]):
            return Past(None, None, "incomplete")
        if now is None or amount == 0:
            return Past(amount, None)
        return Past(amount, (Decimal(now - amount) / abs(amount)).quantize(CHANGE_DIGITS))

    def _comparable(self, shares: Shares) -> bool:
        return shares[MEASURED] >= self.comparable


def bounds(month: date) -> tuple[date, date]:
    """First and last day of a month given by its first day."""
    return month, next_month(month) - timedelta(days=1)


def month_before(month: date) -> date:
    """The month before, by its first day."""
    return (month - timedelta(days=1)).replace(day=1)


def year_before(month: date) -> date:
    """The same month a year before, by its first day."""
    return month.replace(year=month.year - 1)


def as_shares(energy: Energy) -> Shares:
    """The shares of a series of one period."""
    measured, apportioned, estimated, missing = (int(part) for part in energy.shares[0])
    return measured, apportioned, estimated, missing


def covered(found: Emission) -> Decimal | None:
    """The amount, if a factor covers all of the energy."""
    return None if found.uncovered else found.amount


def used_factors(worths: list[Worth]) -> list[Factor]:
    """Factor rows behind the lines, each once, sorted."""
    rows = {row for worth in worths for one in worth.emissions for row in one.factors}
    return sorted(rows, key=lambda f: (f.quantity, f.item, f.valid_from or date.min, f.region))


def used_prices(worths: list[Worth]) -> list[TariffRow]:
    """Tariff rows behind the lines, each once, sorted."""
    rows = {row for worth in worths for row in worth.cost.rows}
    return sorted(rows, key=_price_order)


def _price_order(row: TariffRow) -> tuple[str, str, date, list[int], str, int, str]:
    start = row.valid_from or date.min
    return (row.item, row.tariff, start, sorted(row.months), row.days, row.start_min, row.period)
