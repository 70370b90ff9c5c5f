"""What energy is worth: money by the tariff's row of each slot, carbon and coal by the day's
factor row. Exact integers and decimals, derived when read, every row named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np

from api.figures import Part
from metering.factor import Factor, factor_on
from metering.items import category
from metering.localtime import slot_starts
from metering.quantity import ABSENT, I64
from metering.registry import Registry
from metering.tariff import Tariff, TariffRow
from metering.units import BOOK_UNITS


@dataclass(frozen=True)
class Charge:
    """Energy of one tariff row or factor row, and what it comes to."""

    row: TariffRow | Factor
    amount: int
    """Book units."""
    worth: Decimal


@dataclass(frozen=True)
class Worth:
    """A sum with the rows it rests on; None where some of the energy has no row."""

    total: Decimal | None
    charges: tuple[Charge, ...] = ()


@dataclass
class Prices:
    """Tariffs and factors of one registry snapshot; remembers which row holds in which slot."""

    registry: Registry
    _tariffs: dict[str, Tariff] = field(default_factory=dict)
    _days: dict[tuple[str, str, str, date, int], I64] = field(default_factory=dict)

    def cost(self, parts: Sequence[Part], zone: str) -> Worth:
        """Money of booked slots of one series; None where the tariff is silent for some of it."""
        sums: dict[int, int] = {}
        for part in parts:
            self._add(sums, part, zone)
        if not sums or -1 in sums:
            return Worth(None)
        key = parts[0].row.key
        rows = self._tariff(key.institution).rows
        unit = BOOK_UNITS[category(key.item).unit].per_canonical
        charges = tuple(
            Charge(rows[i], amount, Decimal(amount) * rows[i].price / unit)
            for i, amount in sorted(sums.items())
        )
        return Worth(sum((c.worth for c in charges), Decimal(0)), charges)

    def factor(self, parts: Sequence[Part], quantity: str) -> Worth:
        """kgco2 or kgce of booked slots of one series; None where a day has no factor row."""
        sums: dict[Factor, int] = {}
        for part in parts:
            amount = _amount(part)
            if amount is None:
                continue
            row = part.row
            found = factor_on(self.registry.factors, quantity, row.key.item, row.day)
            if found is None:
                return Worth(None)
            sums[found] = sums.get(found, 0) + amount
        if not sums:
            return Worth(None)
        unit = BOOK_UNITS[category(parts[0].row.key.item).unit].per_canonical
        charges = tuple(
            Charge(one, amount, Decimal(amount) * one.value / unit) for one, amount in sums.items()
        )
        return Worth(sum((c.worth for c in charges), Decimal(0)), charges)

    def _tariff(self, institution: str) -> Tariff:
        if institution not in self._tariffs:
            self._tariffs[institution] = Tariff.of(
                self.registry.tariff, institution, self.registry.calendar
            )
        return self._tariffs[institution]

    def _add(self, sums: dict[int, int], part: Part, zone: str) -> None:
        slots = part.row.slots[part.first : part.last]
        rows = self._slot_rows(part, zone)[part.first : part.last]
        present = slots != ABSENT
        for i in np.unique(rows[present]).tolist():
            sums[i] = sums.get(i, 0) + int(slots[present & (rows == i)].sum())

    def _slot_rows(self, part: Part, zone: str) -> I64:
        """Per slot of the day the index of its tariff row, -1 where there is none."""
        row = part.row
        place = (row.key.institution, zone, row.key.item, row.day, row.step_min)
        if place not in self._days:
            if len(self._days) > 20_000:
                self._days.clear()
            tariff = self._tariff(row.key.institution)
            starts = slot_starts(row.day, zone, row.step_min)
            index = {id(one): i for i, one in enumerate(tariff.rows)}
            found = tariff.rows_at(starts, zone, row.key.item)
            self._days[place] = np.array(
                [-1 if one is None else index[id(one)] for one in found], dtype=np.int64
            )
        return self._days[place]


def _amount(part: Part) -> int | None:
    slots = part.row.slots[part.first : part.last]
    present = slots[slots != ABSENT]
    return int(present.sum()) if present.size else None
