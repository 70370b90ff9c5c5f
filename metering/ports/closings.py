"""Closings of periods, and settlement runs."""

from __future__ import annotations

from typing import Protocol

from metering.closing import Closing, Signed
from metering.settlement import SettlementRun


class ClosingStore(Protocol):
    """Closings. What one pins is never changed, and none is ever deleted."""

    def add(self, closing: Closing) -> Closing:
        """Keep it under the next number. Conflict where the institution's period is closed."""
        ...

    def closing(self, number: int) -> Closing | None:
        """The closing of that number; None if there is none."""
        ...

    def closings(self, institution: str) -> list[Closing]:
        """All closings of an institution, oldest first."""
        ...

    def ask(self, number: int, by: Signed) -> Closing:
        """Note that somebody wants it reopened. NotFound for an unknown number; Conflict where
        somebody did already."""
        ...

    def reopen(self, number: int, by: Signed) -> Closing:
        """Reopen it. NotFound for an unknown number; Conflict where nobody asked; NotAllowed for
        the key that did."""
        ...

    def add_run(self, run: SettlementRun) -> SettlementRun:
        """Keep a settlement run. Conflict where its number does not follow the last one of the
        institution's period."""
        ...

    def runs(self, institution: str, period: str | None = None) -> list[SettlementRun]:
        """Settlement runs of an institution, or of one of its periods, in the order in which they
        were made."""
        ...
