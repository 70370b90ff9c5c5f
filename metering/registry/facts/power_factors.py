"""power_factors.csv: the official tables by which a bill is adjusted for its power factor.

    a row   standard 0.90   0.70 .. 0.89   0.5 % at 0.89, 0.5 more for each 0.01 below

The tables in the documents are those of 1983; a place with others registers others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from metering.registry.facts.accounts import STANDARDS
from metering.registry.kind import FactKind
from metering.registry.rows import Row, Table
from metering.registry.tables import DATED
from metering.validity import ALWAYS, Validity

_HUNDREDTHS = re.compile(r"0\.\d\d|1\.00", re.ASCII)


@dataclass(frozen=True)
class PowerFactorBand:
    """Percent by which a bill rises, below 0 falls, over a band of power factors."""

    standard: str
    high: str
    """Upper end, included, such as 0.89; likewise `low`."""
    low: str
    percent: Decimal
    """At the upper end."""
    step: Decimal = Decimal(0)
    """More for each 0.01 below it."""
    source: str = ""
    grade: str = ""
    valid: Validity = ALWAYS

    def percent_at(self, hundredths: int) -> Decimal | None:
        """At a power factor in 1/100; None outside of the band."""
        low, high = (int(one.replace(".", "")) for one in (self.low, self.high))
        if not low <= hundredths <= high:
            return None
        return self.percent + (high - hundredths) * self.step


def _read(row: Row) -> PowerFactorBand:
    low, high = _hundredths(row, "low"), _hundredths(row, "high")
    if low and high and low > high:
        row.wrong("low", "above high", "the lower end of the band, such as 0.70")
    if not row.text("percent"):
        row.wrong("percent", "no percent", "a number, below 0 for a reward")
    return PowerFactorBand(
        row.one_of("standard", STANDARDS[1:]),
        high,
        low,
        row.number("percent") or Decimal(0),
        row.number("step") or Decimal(0),
        row.named("source", 500),
        row.named("grade"),
        row.validity(),
    )


def _hundredths(row: Row, column: str) -> str:
    text = row.text(column)
    if _HUNDREDTHS.fullmatch(text):
        return text
    row.wrong(column, "not a power factor", "0.00 to 1.00 with two decimals")
    return ""


KIND = FactKind(
    name="power_factor",
    type=PowerFactorBand,
    table=Table(
        "power_factors.csv",
        ("standard", "low", "high", "percent"),
        ("step", "source", "grade", *DATED),
        closed={"standard": STANDARDS[1:]},
    ),
    by=("standard", "high", "valid"),
    apart=("standard", "high"),
    read=_read,
    billed=True,
)
