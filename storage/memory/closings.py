"""Closings in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from metering.closing import (
    Closing,
    ClosingState,
    Signed,
    asked_to_reopen,
    closed_already,
    confirmed_reopened,
    no_such_closing,
)
from metering.ports import ClosingStore
from metering.settlement import SettlementRun, settled_meanwhile


class MemoryClosings(ClosingStore):
    """A ClosingStore in a list."""

    def __init__(self) -> None:
        self._all: list[Closing] = []
        self._runs: list[SettlementRun] = []
        self._lock = threading.RLock()

    def add(self, closing: Closing) -> Closing:
        with self._lock:
            for one in self.closings(closing.institution):
                if one.period == closing.period and one.state is not ClosingState.REOPENED:
                    raise closed_already(one)
            kept = replace(closing, number=len(self._all) + 1)
            self._all.append(kept)
            return kept

    def closing(self, number: int) -> Closing | None:
        with self._lock:
            return next((one for one in self._all if one.number == number), None)

    def closings(self, institution: str) -> list[Closing]:
        with self._lock:
            return [one for one in self._all if one.institution == institution]

    def ask(self, number: int, by: Signed) -> Closing:
        return self._changed(number, by, asked_to_reopen)

    def reopen(self, number: int, by: Signed) -> Closing:
        return self._changed(number, by, confirmed_reopened)

    def add_run(self, run: SettlementRun) -> SettlementRun:
        with self._lock:
            if run.number != len(self.runs(run.institution, run.period)) + 1:
                raise settled_meanwhile(run)
            self._runs.append(run)
            return run

    def runs(self, institution: str, period: str | None = None) -> list[SettlementRun]:
        with self._lock:
            return [
                one
                for one in self._runs
                if one.institution == institution and period in (None, one.period)
            ]

    def _changed(
        self, number: int, by: Signed, change: Callable[[Closing, Signed], Closing]
    ) -> Closing:
        with self._lock:
            found = self.closing(number)
            if found is None:
                raise no_such_closing(f"c{number}")
            self._all[number - 1] = change(found, by)
            return self._all[number - 1]
