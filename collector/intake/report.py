"""What one step of the intake did."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class IntakeReport:
    """Counts of one committed batch; `records` 0 means the journal had nothing new."""

    records: int = 0
    readings: int = 0
    """Taken in: new, duplicates, corrections and outdated together."""
    new: int = 0
    duplicates: int = 0
    corrections: int = 0
    outdated: int = 0
    dead: int = 0
    replayed: int = 0

    def __add__(self, other: IntakeReport) -> IntakeReport:
        return IntakeReport(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(IntakeReport))
        )
