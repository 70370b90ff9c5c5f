"""What an account says of a meter: the contracted power, and how its reactive energy counts.

accounts.csv ─▶ of a day ─▶ BilledMeter
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from metering.localtime import day_number
from metering.registry import Registry
from metering.registry.facts.accounts import KIND as ACCOUNTS


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


def billed(registry: Registry, meters: Collection[str], day: date) -> tuple[BilledMeter, ...]:
    """Those of the meters that an account names on a day, by account."""
    standing = [
        one for one in ACCOUNTS.of(registry) if one.meter in meters and one.valid.holds(day)
    ]
    return tuple(
        BilledMeter(
            meter=one.meter,
            since_day=day_number(one.valid.first),
            contract_kw=None if one.contract_kw is None else float(one.contract_kw),
            reactive=one.reactive,
            reactive_export=one.reactive_export,
            power_factor=float(one.power_factor) if one.power_factor else None,
        )
        for one in sorted(standing, key=lambda one: one.account)
    )
