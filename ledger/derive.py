"""Money and carbon, derived from booked energy when it is read; nothing here is booked.

    cost   = sum over slots of energy x price of the tariff row that holds at the slot's start
    kgCO2  = sum over local days of energy x the factor row that holds on the day

Decimal throughout; rounding is for display only. The rows used are part of the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

import numpy as np

from ledger.series import Energy
from metering.factor import Factor, factor_on
from metering.items import category
from metering.localtime import HOUR_US, day_bounds, local_day
from metering.quantity import ABSENT, I64
from metering.tariff import Tariff, TariffRow
from metering.units import BOOK_UNITS


@dataclass(frozen=True)
class PeriodCost:
    """Energy and money of one tariff period (peak, valley ...)."""

    period: str
    quantity: int
    """Book units [mWh, mL, kJ]."""
    cost: Decimal


@dataclass(frozen=True)
class Cost:
    """Money of a series of slots."""

    amount: Decimal | None
    """None where no slot has both energy and a price."""
    currency: str
    periods: tuple[PeriodCost, ...] = ()
    rows: tuple[TariffRow, ...] = ()
    """The tariff rows used."""
    priced: int = 0
    """Book units that have a price."""
    unpriced: int = 0
    """Book units for which the tariff is silent."""


@dataclass(frozen=True)
class Emission:
    """A quantity derived by factors: kgco2 or kgce."""

    quantity: str
    amount: Decimal | None
    """None where no factor holds for any of the energy."""
    factors: tuple[Factor, ...] = ()
    """The factor rows used; `verified` says whether each was seen in an official text."""
    covered: int = 0
    uncovered: int = 0
    """Book units with and without a factor."""


@dataclass
class _Prices:
    """Tariff rows of whole local days, made once per kind of day and month."""

    tariff: Tariff
    item: str
    zone: str
    _patterns: dict[tuple[object, ...], list[TariffRow | None]] = field(default_factory=dict)

    def rows(self, day: date, starts: I64) -> list[TariffRow | None]:
        """The row of each slot start of one local day."""
        if not self._is_plain(day):
            return self.tariff.rows_at(starts, self.zone, self.item)
        holding = tuple(
            (row.valid_from is None or row.valid_from <= day)
            and (row.valid_to is None or day < row.valid_to)
            for row in self.tariff.rows
        )
        name = (day.month, self.tariff.calendar.is_working(day), len(starts), holding)
        if name not in self._patterns:
            self._patterns[name] = self.tariff.rows_at(starts, self.zone, self.item)
        return self._patterns[name]

    def _is_plain(self, day: date) -> bool:
        start, end = day_bounds(day, self.zone)
        return end - start == 24 * HOUR_US


def prices(energy: Energy, tariff: Tariff) -> list[TariffRow | None]:
    """The tariff row of every slot of a series at 15 minutes or an hour."""
    table = _Prices(tariff, energy.key.item, energy.zone)
    rows: list[TariffRow | None] = []
    for day, places in _days(energy).items():
        rows += table.rows(day, energy.start_us[places])
    return rows


def cost(energy: Energy, tariff: Tariff) -> Cost:
    """Money of the series' slots by tariff period, each at the price of its start.

    Ask for the series at its native step or the hour: a longer period has one price only.
    Slots without a value stay out.
    """
    taken: dict[TariffRow, int] = defaultdict(int)
    unpriced = 0
    for row, quantity in zip(prices(energy, tariff), energy.quantity.tolist(), strict=True):
        if quantity == ABSENT:
            continue
        if row is None:
            unpriced += quantity
        else:
            taken[row] += quantity
    scale = per_canonical(energy.key.item)
    periods: dict[str, PeriodCost] = {}
    for row, quantity in taken.items():
        old = periods.get(row.period, PeriodCost(row.period, 0, Decimal(0)))
        money = old.cost + Decimal(quantity) * row.price / scale
        periods[row.period] = PeriodCost(row.period, old.quantity + quantity, money)
    return Cost(
        sum((p.cost for p in periods.values()), Decimal(0)) if taken else None,
        next((row.currency for row in taken), ""),
        tuple(sorted(periods.values(), key=lambda p: p.period)),
        tuple(taken),
        sum(taken.values()),
        unpriced,
    )


def emission(energy: Energy, factors: Iterable[Factor], quantity: str) -> Emission:
    """kgCO2 (`kgco2`) or standard coal (`kgce`) of the series, by the factor of each day."""
    known = tuple(factors)
    taken: dict[Factor, int] = defaultdict(int)
    uncovered = 0
    for day, places in _days(energy).items():
        values = energy.quantity[places]
        booked = int(values[values != ABSENT].sum())
        row = factor_on(known, quantity, energy.key.item, day)
        if row is None:
            uncovered += booked
        elif (values != ABSENT).any():
            taken[row] += booked
    scale = per_canonical(energy.key.item)
    amount = sum((Decimal(q) * f.value / scale for f, q in taken.items()), Decimal(0))
    return Emission(
        quantity, amount if taken else None, tuple(taken), sum(taken.values()), uncovered
    )


@lru_cache(maxsize=256)
def per_canonical(item: str) -> int:
    """Book units in a canonical unit of the item."""
    return BOOK_UNITS[category(item).unit].per_canonical


def _days(energy: Energy) -> dict[date, I64]:
    """Places of the series' periods by local day of their start, in order."""
    found: dict[date, list[int]] = {}
    day, until = date.min, -1
    for place, start in enumerate(energy.start_us.tolist()):
        if start >= until:
            day = local_day(start, energy.zone)
            until = day_bounds(day, energy.zone)[1]
        found.setdefault(day, []).append(place)
    return {day: np.array(places, dtype=np.int64) for day, places in found.items()}
