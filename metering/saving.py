"""What putting a case right has saved, measured against the frozen baseline.

    waste a day before ──┐
    excess a day after ──┴─▶ saved = before - after, with a 90 % interval ─▶ verdict

A day here is one that has hours of the kind that the case was about: for a plant that ran on
weekends, days off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

LEAST_DAYS_AFTER: Final = 14
"""Days after a case was put right before anything is said of the saving."""
LEAST_KNOWN: Final = 0.9
"""Share of the hours after it that must be measured."""


class SavingVerdict(StrEnum):
    """What the measured saving says."""

    VERIFIED = "verified"
    """Less is used than before, beyond doubt."""
    NOT_YET = "not_yet"
    """Too few hours are known, or the days differ too much to tell."""
    DID_NOT_WORK = "did_not_work"
    """Not even half of the waste can be gone."""


@dataclass(frozen=True)
class Saving:
    """The saving of a case that was put right. Energy is in the unit of its finding [kWh, m3, MJ],
    a day; figures are 0 where the verdict is not yet for want of hours."""

    verdict: SavingVerdict
    first_day: date
    """First whole local day after it was put right."""
    last_day: date
    days: int
    """Days of its kind that were measured."""
    known: float
    """Share of the hours of its kind that are measured, 0 .. 1."""
    before: float = 0.0
    """Waste a day."""
    saved: float = 0.0
    """Less than before, a day; negative where more is used."""
    saved_low: float = 0.0
    saved_high: float = 0.0
    """90 % interval."""
    total: float = 0.0
    """Saved over the measured days."""
    money: str = ""
    """What the total is worth, at what the waste cost: a decimal; '' where it had no one price."""
    currency: str = ""

    def told(self) -> dict[str, str | int | float]:
        """As it is kept: days as ISO texts."""
        days = {name: getattr(self, name).isoformat() for name in ("first_day", "last_day")}
        return {**asdict(self), **days, "verdict": str(self.verdict)}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Saving:
        """The saving that was kept so."""
        days = {name: date.fromisoformat(told[name]) for name in ("first_day", "last_day")}
        return cls(**{**told, **days, "verdict": SavingVerdict(told["verdict"])})
