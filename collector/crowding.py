"""Whether gateways find no room, told for a minute after the last that found none."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from metering.errors import GreenOfficeError

_log = structlog.get_logger()

TOLD_S = 60.0


@dataclass
class Crowding:
    """Of one port. `most`: connections that have room on it."""

    most: int
    _last_s: float | None = None

    def found_none(self) -> None:
        """Somebody found no room now."""
        self._last_s = time.monotonic()

    def exhausted(self, error: OSError) -> None:
        """The system gives no handle for a connection that waits; it is asked again and again, and
        logged once while that is told."""
        if self.problem() is None:
            _log.warning("no connection can be taken now", error=str(error))
        self.found_none()

    def problem(self) -> GreenOfficeError | None:
        """What health is to say; None where all found room lately. May be asked from any thread."""
        last_s = self._last_s
        if last_s is None or time.monotonic() - last_s > TOLD_S:
            return None
        return GreenOfficeError(
            "there is no room for another gateway",
            field="connections",
            value=self.most,
            fix="raise the limit of open files (ulimit -n), or share the gateways out",
        )
