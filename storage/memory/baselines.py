"""Versions of baselines in memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace

from metering.baseline import BaselineProgress, BaselineRequest, BaselineVersion, check_turn


class MemoryBaselines:
    """A BaselineStore in dicts."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, BaselineVersion]] = {}
        self._requests: list[BaselineRequest] = []
        self._progress: dict[str, BaselineProgress] = {}
        self._lock = threading.RLock()

    def keep(self, versions: Sequence[BaselineVersion]) -> None:
        with self._lock:
            for one in versions:
                known = self._versions.get(one.meter, {})
                check_turn(one, known[max(known)] if known else None)
            for one in versions:
                self._versions.setdefault(one.meter, {})[one.number] = one

    def versions(self, meters: Collection[str], *, models: bool = True) -> list[BaselineVersion]:
        with self._lock:
            found = [
                one
                for meter in sorted(set(meters))
                for _, one in sorted(self._versions.get(meter, {}).items())
            ]
        return found if models else [replace(one, model=b"") for one in found]

    def ask(self, request: BaselineRequest) -> BaselineRequest:
        with self._lock:
            kept = replace(request, number=len(self._requests) + 1)
            self._requests.append(kept)
            return kept

    def requests(self, meters: Collection[str]) -> list[BaselineRequest]:
        with self._lock:
            return [one for one in self._requests if one.meter in meters]

    def note(self, progress: Sequence[BaselineProgress]) -> None:
        with self._lock:
            self._progress.update({one.meter: one for one in progress})

    def progress(self, meters: Collection[str]) -> list[BaselineProgress]:
        with self._lock:
            return [self._progress[m] for m in sorted(set(meters)) if m in self._progress]
