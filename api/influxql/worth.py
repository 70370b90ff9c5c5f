"""Money and carbon of each slot, for a chart: the ledger's prices and factors, as columns."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from api.influxql.rows import F64
from ledger import Energy, prices
from metering.factor import factor_on
from metering.localtime import day_bounds, days_between, local_day
from metering.registry import Registry
from metering.tariff import Tariff


def of_slots(quantity: str, energy: Energy, amounts: F64, registry: Registry) -> F64:
    """(n,) worth in units per canonical unit's book units; divide by them.

    `quantity` is cost, kgco2 or kgce. NaN where the slot is not known; inf where it is, but no
    row prices it, so that no sum passes for the whole.
    """
    rates = (
        _prices(energy, registry) if quantity == "cost" else _factors(quantity, energy, registry)
    )
    found = amounts * np.where(np.isnan(rates), 0.0, rates)
    found[np.isnan(rates) & ~np.isnan(amounts) & (amounts != 0)] = np.inf
    return found


def _prices(energy: Energy, registry: Registry) -> F64:
    tariff = Tariff.of(registry.tariff, energy.key.institution, registry.calendar)
    rows = prices(energy, tariff)
    return np.array([np.nan if row is None else float(row.price) for row in rows], dtype=np.float64)


def _factors(quantity: str, energy: Energy, registry: Registry) -> F64:
    if not len(energy):
        return np.empty(0)
    first = local_day(int(energy.start_us[0]), energy.zone)
    last = local_day(int(energy.start_us[-1]), energy.zone)
    days = days_between(first, last + timedelta(days=1))
    starts = np.array([day_bounds(day, energy.zone)[0] for day in days], dtype=np.int64)
    rows = [factor_on(registry.factors, quantity, energy.key.item, day) for day in days]
    values = np.array([np.nan if row is None else float(row.value) for row in rows])
    return values[np.searchsorted(starts, energy.start_us, side="right") - 1]
