"""Clocks of gateways in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from metering.clock_repair import ClockMode, ClockRepair
from metering.ports import ClockKeeper
from storage.intake_rules import forgotten_clocks


class MemoryClocks(ClockKeeper):
    """What an IntakeStore knows of the clocks of gateways."""

    def __init__(self, lock: threading.RLock) -> None:
        self._clock_lock = lock
        self._repairs: dict[int, ClockRepair] = {}
        self._last_repair = 0
        self._modes: dict[str, ClockMode] = {}

    def clock_repairs(self, gateway: str | None = None) -> list[ClockRepair]:
        with self._clock_lock:
            found = [one for one in self._repairs.values() if gateway in (None, one.gateway)]
        return sorted(found, key=lambda one: (one.gateway, one.from_us, one.id))

    def clock_modes(self) -> dict[str, ClockMode]:
        with self._clock_lock:
            return dict(self._modes)

    def keep_clock_repair(
        self, one: ClockRepair, known: ClockRepair | None = None
    ) -> ClockRepair | None:
        with self._clock_lock:
            if known is None:
                self._last_repair += 1
                one = replace(one, id=self._last_repair)
            elif self._repairs.get(known.id) != known:
                return None
            self._repairs[one.id] = one
            for id in forgotten_clocks(self.clock_repairs(one.gateway)):
                del self._repairs[id]
        return one

    def set_clock_mode(self, gateway: str, mode: ClockMode) -> None:
        with self._clock_lock:
            self._modes[gateway] = mode
