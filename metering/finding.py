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
    Money and carbon are None where no tariff or factor row holds.
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
