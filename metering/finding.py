"""Findings: what wastes energy or measures wrongly, with its evidence and its price."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class FindingState(StrEnum):
    """What people said about a finding."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    EXPECTED = "expected"


@dataclass(frozen=True)
class Finding:
    """One case of one pattern on one meter.

    `expected` and `measured` are summed over the evidence hours in book units [mWh, mL, kJ].
    Money and carbon are None where no tariff or factor row holds. Currencies are never added:
    money in several of them has no `cost`, and stands in `costs` alone.
    """

    id: str
    institution: str
    node: str
    meter: str
    item: str
    pattern: str
    start_us: int
    end_us: int
    hours_us: tuple[int, ...]
    """Starts of the evidence hours, UTC."""
    expected: int | None
    measured: int | None
    waste_kwh: float
    """Measured above expected [canonical unit]; 0 for a meter fault."""
    waste_low_kwh: float
    waste_high_kwh: float
    """90 % interval."""
    cost: Decimal | None
    """The money, where all of it is in one currency."""
    currency: str
    kgco2: Decimal | None
    confidence: float
    baseline_version: str
    cause: str
    """Key of the likely cause, e.g. `bms_override`; texts live with the page and the API."""
    action: str
    detail: dict[str, str | int | float] = field(default_factory=dict)
    """Numbers for the sentence: expected_kw, measured_kw, example_us, temperature_c ..."""
    hourly: tuple[tuple[int, float | None, float | None], ...] = ()
    """(start_us, expected, measured) [canonical unit per hour] around the event, for a chart."""
    state: FindingState = FindingState.OPEN
    state_by: str = ""
    state_note: str = ""
    state_us: int = 0
    found_us: int = 0
    costs: tuple[tuple[str, Decimal], ...] = ()
    """(currency, amount), sorted: the money, a sum for each currency. Empty where any of it is
    not known; that of `cost` where there is one."""

    def __post_init__(self) -> None:
        """`cost` and `costs` never tell two stories: a single sum is the cost."""
        if self.cost is not None:
            object.__setattr__(self, "costs", ((self.currency, self.cost),))
        elif len(self.costs) == 1:
            object.__setattr__(self, "costs", ())
