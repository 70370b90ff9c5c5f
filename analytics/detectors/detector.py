"""What a detector is: a value that says what it reads, what it flags, and what people are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from analytics.detectors.site import Candidate, Input, Site


class EvidenceUnit(StrEnum):
    """What the evidence of a finding is counted in."""

    FAULT = "fault"
    """A meter measures wrongly: its hours are worth nothing, since what they hide is unknown."""
    UNPRICED = "unpriced"
    """Something is not as it should be, and what it costs is no energy that was used in vain."""
    WASTE = "waste"
    """What was used above expectation, in the meter's unit."""


@dataclass(frozen=True)
class Detector:
    """One pattern of waste or of a meter fault. Its texts stand in the catalogue under `texts`."""

    name: str
    """The pattern of its findings; what its file is called."""
    needs: frozenset[Input]
    """Where a site lacks one of them there is nothing to look at."""
    candidates: Callable[[Site], list[Candidate]]
    """What it flags; suppression, size and price are the same for all."""
    quantity: EvidenceUnit
    causes: tuple[str, ...]
    """Keys of what may be behind it, the likeliest first."""
    action: str
    """Key of what to do about it."""
    purposes: tuple[str, ...] = ()
    """What it has a name of its own for (`metering.items.purpose`)."""

    @property
    def texts(self) -> frozenset[str]:
        """Keys of all that people read of it."""
        keys = {f"pattern.{self.name}", f"action.{self.action}", f"action_short.{self.action}"}
        keys |= {f"pattern.{self.name}.{one}" for one in self.purposes}
        for cause in self.causes:
            keys |= {f"cause.{cause}", f"cause_short.{cause}"}
        if self.quantity is EvidenceUnit.FAULT:
            keys.add(f"fault.{self.name}")
        return frozenset(keys)
