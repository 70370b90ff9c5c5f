"""What stands still at the end of registers, kept until readings change that say so.

readings    ─┐ moved ┌────┐ moved ┌── the end
since                             │     what changes before it says nothing else of the end
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.meter import Service


class Open(NamedTuple):
    """Readings that stand still up to the last one, long enough to mean something."""

    start_us: int
    end_us: int
    missing: bool
    """Longer than the meter is known to rest."""


class _End(NamedTuple):
    run: Open | None
    since_us: int | None
    """Of a register that moves at its end the first of the readings that say so; None where what
    lies further back counts too."""


@dataclass
class EndRuns:
    """By service what is known of its end."""

    _known: dict[Service, _End] = field(default_factory=dict)

    def __contains__(self, service: Service) -> bool:
        return service in self._known

    def of(self, service: Service) -> Open | None:
        """What stands still; None where it moves, or where that is not known."""
        known = self._known.get(service)
        return None if known is None else known.run

    def put(self, service: Service, run: Open | None, since_us: int | None = None) -> None:
        """Keep what stands still, or that nothing does by the readings since an instant."""
        self._known[service] = _End(run, since_us)

    def moves_after(self, service: Service, time_us: int) -> bool:
        """Whether the register is known to move at its end by readings after an instant alone."""
        known = self._known.get(service)
        return known is not None and known.since_us is not None and time_us < known.since_us

    def changed(self, service: Service, last_us: int) -> Open | None:
        """Readings up to an instant changed: what stood still before, which is to be looked at
        again unless they lie before all that says so."""
        if self.moves_after(service, last_us):
            return None
        known = self._known.pop(service, None)
        return None if known is None else known.run

    def forget(self, service: Service) -> None:
        """The end is to be looked at again."""
        self._known.pop(service, None)
