"""What the campus agreed with its suppliers, as its registry files say it.

accounts.csv ─┬─ tariff.csv         price of each minute of the day
              ├─ charges.csv        demand, tax inside the prices
              └─ power_factors.csv  adjustment for the power factor

A supplier here knows no more than the demo needs: prices that are the same on all days, a charge
for the demand, and value-added tax that prices hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from metering.errors import ConfigurationError
from simulators.campus import FOLDER, Campus, rows_of

PERIODS = ("sharp", "peak", "flat", "valley")
"""In the order in which they stand on a bill."""


@dataclass(frozen=True)
class PriceSpan:
    """The price [currency per unit] of every day's minutes from `start_min` to `end_min`."""

    period: str
    price: Decimal
    start_min: int
    end_min: int


@dataclass(frozen=True)
class FactorBand:
    """A row of the table of power factors: percent at the upper end, more for each 0.01 below."""

    low: Decimal
    high: Decimal
    percent: Decimal
    step: Decimal


@dataclass(frozen=True)
class Contract:
    """An account: what its bills are made of. What it does not say is '' or None."""

    account: str
    supplier: str
    meter: str
    reactive: str
    multiplier: Decimal
    voltage: str
    prices: tuple[PriceSpan, ...]
    currency: str
    demand_price: Decimal | None = None
    vat_percent: Decimal | None = None
    factors: tuple[FactorBand, ...] = ()


def contracts(campus: Campus, folder: Path = FOLDER) -> tuple[Contract, ...]:
    """The accounts of a registry folder. ConfigurationError for a charge or a price that a
    supplier here cannot bill."""
    return tuple(_contract(campus, folder, row) for row in rows_of(folder / "accounts.csv"))


def _contract(campus: Campus, folder: Path, account: dict[str, str]) -> Contract:
    item = campus.meters[account["meter"]].item
    tariff = [row for row in rows_of(folder / "tariff.csv") if row["item"] == item]
    charges = [row for row in rows_of(folder / "charges.csv") if row["plan"] == account["plan"]]
    for row in tariff:
        if (row["months"], row["days"], row["valid_from"]) != ("1-12", "all", ""):
            raise _beyond("tariff", row["period"], "a price of all days and months")
    for row in charges:
        if (row["basis"], row["included"]) not in (("demand", ""), ("vat", "yes")):
            raise _beyond("charge", row["charge"], "the demand, or a tax that prices hold")
    return Contract(
        account["account"],
        account["supplier"],
        account["meter"],
        account["reactive"],
        Decimal(account["multiplier"]),
        account["voltage"],
        tuple(_span(row) for row in tariff),
        tariff[0]["currency"],
        _price(charges, "demand"),
        _price(charges, "vat"),
        tuple(
            FactorBand(*(Decimal(row[name] or 0) for name in ("low", "high", "percent", "step")))
            for row in rows_of(folder / "power_factors.csv")
            if account["power_factor"] and row["standard"] == account["power_factor"]
        ),
    )


def _span(row: dict[str, str]) -> PriceSpan:
    return PriceSpan(
        row["period"], Decimal(row["price"]), _minute(row["start"]), _minute(row["end"])
    )


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _price(charges: Iterable[dict[str, str]], basis: str) -> Decimal | None:
    return next((Decimal(row["price"]) for row in charges if row["basis"] == basis), None)


def _beyond(field: str, value: str, fix: str) -> ConfigurationError:
    return ConfigurationError(
        "the simulated supplier cannot bill this", field=field, value=value, fix=fix
    )
