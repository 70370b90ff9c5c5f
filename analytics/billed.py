"""What an account says of a meter: the contracted power, and how its reactive energy counts.

accounts.csv ─┐
charges.csv  ─┴▶ of a day ─▶ BilledMeter
books        ──▶ of a year ─▶ DayPeaks
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from analytics.groups import Floats, Ints
from metering.localtime import day_number
from metering.registry import Registry
from metering.registry.facts.accounts import KIND as ACCOUNTS
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import KIND as CHARGES
from metering.registry.facts.charges import Basis, Charge

MONTH_DAYS, DAYS = 30, 365
PEAK_DAYS: Final = 460
"""Of which peaks are read: those of a year before the days of a usual window."""
LEAST_YEAR: Final = 0.9
"""Of a year's time, what must be known for its peak to be one."""
QUARTER_MIN: Final = 15
"""Over which a demand is taken."""


@dataclass(frozen=True)
class YearPeak:
    """The most that a meter took in a year."""

    kw: float
    at_us: int


@dataclass(frozen=True, eq=False)
class DayPeaks:
    """The highest quarter of an hour of each local day, (days,)."""

    days: Ints
    """Days since 1970-01-01, rising by one."""
    kw: Floats
    """NaN of a day of which nothing is known."""
    at_us: Ints
    """Where it begins."""
    known: Ints
    """Quarters of the day that are known."""

    @classmethod
    def of(cls, power: Floats, start_us: Ints, day: Ints) -> DayPeaks:
        """From quarters of an hour [kW] that begin at `start_us`, on local days, (n,) each, rising;
        NaN where unknown."""
        days, first = np.unique(day, return_index=True)
        filled = np.where(np.isfinite(power), power, -np.inf)
        order = np.lexsort((filled, day))
        last = order[np.append(first[1:], day.size) - 1] if day.size else order
        kw = np.where(np.isfinite(power[last]), power[last], np.nan)
        known = np.add.reduceat(np.isfinite(power).astype(np.int64), first) if day.size else first
        return cls(days.astype(np.int64), kw, start_us[last], known.astype(np.int64))

    @property
    def year(self) -> YearPeak | None:
        """The most of the last year; None where less than nine tenths of it are known."""
        kw, known = self.kw[-DAYS:], self.known[-DAYS:]
        if known.sum() < LEAST_YEAR * DAYS * 24 * 60 / QUARTER_MIN:
            return None
        at = int(np.nanargmax(kw))
        return YearPeak(float(kw[at]), int(self.at_us[-DAYS:][at]))


@dataclass(frozen=True)
class KwPrice:
    """What a kW costs, before tax."""

    a_month: Decimal
    currency: str

    def of(self, kw: float, months: int = 1) -> float:
        """So much for so long."""
        return float(self.a_month) * kw * months


@dataclass(frozen=True)
class BilledMeter:
    """A meter of an account, as its contract stands."""

    meter: str
    since_day: int
    """First local day of the contract, days since 1970-01-01; days before had another one."""
    contract_kw: float | None = None
    reactive: str = ""
    """Meter of the reactive energy that is drawn; '' where none is named."""
    reactive_export: str = ""
    """Likewise of that which is fed back."""
    power_factor: float | None = None
    """That the supplier holds the account to; None where it does not."""
    contracted: KwPrice | None = None
    """Of a contracted kW; None where nobody says, or in several currencies."""
    demanded: KwPrice | None = None
    """Of a kW of the most power, likewise."""
    peaks: DayPeaks | None = None
    """Until yesterday; None where none is priced, or booked by the quarter of an hour."""


def billed(registry: Registry, meters: Collection[str], day: date) -> tuple[BilledMeter, ...]:
    """Those of the meters that an account names on a day, by account."""
    standing = [
        one for one in ACCOUNTS.of(registry) if one.meter in meters and one.valid.holds(day)
    ]
    told = []
    for one in sorted(standing, key=lambda one: one.account):
        told.append(
            BilledMeter(
                meter=one.meter,
                since_day=day_number(one.valid.first),
                contract_kw=None if one.contract_kw is None else float(one.contract_kw),
                reactive=one.reactive,
                reactive_export=one.reactive_export,
                power_factor=float(one.power_factor) if one.power_factor else None,
                contracted=_price(registry, one, Basis.CONTRACT, day),
                demanded=_price(registry, one, Basis.DEMAND, day),
            )
        )
    return tuple(told)


def _price(registry: Registry, account: Account, basis: Basis, day: date) -> KwPrice | None:
    own = [
        one
        for one in CHARGES.of(registry)
        if (one.plan, one.basis) == (account.plan, basis) and one.valid.holds(day)
    ]
    currencies = {one.currency for one in own}
    price = sum((_a_month(one) for one in own), Decimal(0))
    return KwPrice(price, currencies.pop()) if len(currencies) == 1 and price else None


def _a_month(charge: Charge) -> Decimal:
    """A price of a month, as of whoever has the relief that the charge gives."""
    times = MONTH_DAYS if charge.per == "day" else 1
    return charge.price * times * min(charge.relief_factor or Decimal(1), Decimal(1))
