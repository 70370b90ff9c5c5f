"""Peak memory of a process tree, as the sum of proportional set sizes."""

from __future__ import annotations

import threading

import psutil


class MemoryWatch:
    """Samples the summed PSS of this process and all below it, once a second."""

    def __init__(self, period_s: float = 1.0) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._period_s = period_s
        self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak [MB], the last sample included."""
        self._sample()
        self._stop.set()
        self._thread.join(5)
        return self.peak_mb

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            self._sample()

    def _sample(self) -> None:
        own = psutil.Process()
        total = sum(_pss(process) for process in [own, *own.children(recursive=True)])
        self.peak_mb = max(self.peak_mb, total / 1e6)


def _pss(process: psutil.Process) -> int:
    """Proportional set size [bytes]; resident size where the system has no PSS."""
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return int(getattr(memory, "pss", memory.rss))
