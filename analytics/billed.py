"""What an account says of a meter: the contracted power, and how its reactive energy counts.

accounts.csv ─┐
charges.csv  ─┴▶ of a day ─▶ BilledMeter
books        ──▶ of a year ─▶ YearPeak
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

MONTHS, DAYS = 12, 365
LEAST_YEAR: Final = 0.9
"""Of a year's time, what must be known for its peak to be one."""
QUARTER_MIN: Final = 15
"""Over which a demand is taken."""


@dataclass(frozen=True)
class YearPeak:
    """The most that a meter took in a year."""

    kw: float
    at_us: int


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
    of_a_kw: Decimal = Decimal(0)
    """What a contracted kW costs a year at the prices of the day, before tax; 0 where nobody says,
    or in several currencies."""
    currency: str = ""
    peak: YearPeak | None = None
    """Of the last year; None where that is not known by the quarter of an hour."""


def billed(registry: Registry, meters: Collection[str], day: date) -> tuple[BilledMeter, ...]:
    """Those of the meters that an account names on a day, by account."""
    standing = [
        one for one in ACCOUNTS.of(registry) if one.meter in meters and one.valid.holds(day)
    ]
    told = []
    for one in sorted(standing, key=lambda one: one.account):
        currency, price = _of_a_kw(registry, one, day)
        told.append(
            BilledMeter(
                meter=one.meter,
                since_day=day_number(one.valid.first),
                contract_kw=None if one.contract_kw is None else float(one.contract_kw),
                reactive=one.reactive,
                reactive_export=one.reactive_export,
                power_factor=float(one.power_factor) if one.power_factor else None,
                of_a_kw=price,
                currency=currency,
            )
        )
    return tuple(told)


def _of_a_kw(registry: Registry, account: Account, day: date) -> tuple[str, Decimal]:
    """Currency and price of a contracted kW of an account, for a year."""
    own = [
        one
        for one in CHARGES.of(registry)
        if account.contract_kw is not None
        and (one.plan, one.basis) == (account.plan, Basis.CONTRACT)
        and one.valid.holds(day)
    ]
    currencies = {one.currency for one in own}
    if len(currencies) != 1:
        return "", Decimal(0)
    return currencies.pop(), sum((_a_year(one) for one in own), Decimal(0))


def _a_year(charge: Charge) -> Decimal:
    """A price of a year, as of whoever has the relief that the charge gives."""
    times = DAYS if charge.per == "day" else MONTHS
    return charge.price * times * min(charge.relief_factor or Decimal(1), Decimal(1))


def year_peak(power: Floats, start_us: Ints) -> YearPeak | None:
    """The peak of quarters of an hour [kW] that begin at `start_us`, (n,), NaN where unknown; None
    where less than nine tenths of a year are known."""
    known = np.isfinite(power)
    if known.sum() < LEAST_YEAR * DAYS * 24 * 60 / QUARTER_MIN:
        return None
    at = int(np.nanargmax(power))
    return YearPeak(float(power[at]), int(start_us[at]))
