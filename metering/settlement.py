"""Settlement runs: how well an institution's period is known on a day, kept as it was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metering.errors import Conflict


@dataclass(frozen=True)
class SettledItem:
    """One category of the institution over the run's days, in book units."""

    item: str
    measured: int
    apportioned: int
    estimated: int
    """Energy by its quality; together all that is booked."""
    shares: tuple[int, int, int, int]
    """Of the time: measured, apportioned, estimated, missing [1/10,000]. What is missing has no
    energy, which is not zero."""
    restated_net: int | None = None
    """What the days of the run before have more now; None for a first run."""
    restated: int | None = None
    """The same without signs, day by day."""
    money: tuple[tuple[str, str], ...] = ()
    """(currency, amount) of what has a price, by the prices of the run."""
    kgco2: str | None = None
    money_change: tuple[tuple[str, str], ...] | None = None
    """What the days of the run before are worth more now, for whatever reason; None for a first
    run."""
    kgco2_change: str | None = None
    edits: tuple[str, ...] = ()
    """Prices and factors that were edited since the run before, of rows that it rests on."""

    @property
    def amount(self) -> int:
        """All that is booked."""
        return self.measured + self.apportioned + self.estimated


@dataclass(frozen=True)
class SettlementRun:
    """What a run found."""

    institution: str
    period: str
    first: date
    through: date
    """Last local day that was settled, or of the period; both included."""
    revision: int
    registry_version: int
    run_us: int
    run_by: str
    items: tuple[SettledItem, ...]
    number: int = 1
    """Of the runs of the institution's period, from 1."""


def settled_meanwhile(run: SettlementRun) -> Conflict:
    """Another run of the period has the number already, or the one before is not there."""
    return Conflict(
        f"run {run.number} of {run.period} was made meanwhile",
        field="period",
        value=run.period,
        fix="look at it, and run again",
    )
