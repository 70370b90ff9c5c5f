"""The work as a process: intake, ledger, analytics; beside the API where stores are servers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry

from api import PartHealth
from collector.intake import IntakeMetrics
from greenoffice.assembly import Assembly, IntakeWork, LedgerWork, ReadingsCheck
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import EVERY_S, tell
from greenoffice.logs import set_up_logs
from greenoffice.looking import AnalyticsWork
from greenoffice.loops import Loop
from greenoffice.signals import stop_event
from greenoffice.stores import require_shared_readings
from metering.errors import Unavailable


def run_work(data: Path) -> None:
    """Work until terminated; ConfigurationError where the readings belong to one process."""
    folder = DataFolder(data.absolute())
    require_shared_readings(folder)
    set_up_logs("work", folder.clock())
    stop = stop_event()
    assembly = Assembly.open(folder, IntakeMetrics(CollectorRegistry()))
    workers = Workers(assembly, stop)
    workers.start()
    try:
        while not stop.wait(EVERY_S):
            _tell(workers, folder.heartbeat("work"))
    finally:
        stop.set()
        workers.join()
        assembly.close()


class Workers:
    """The loops, each in a thread, until `stop` is set."""

    def __init__(self, assembly: Assembly, stop: threading.Event) -> None:
        self.intake = IntakeWork(assembly)
        self.ledger = LedgerWork(assembly)
        self.analytics = AnalyticsWork(assembly, self.ledger)
        self.loops = {
            "intake": Loop("intake", self.intake, 0.05, stop, assembly.now_us),
            "ledger": Loop("ledger", self.ledger, 0.5, stop, assembly.now_us),
            "analytics": Loop("analytics", self.analytics, 1.0, stop, assembly.now_us),
            "readings": Loop("readings", ReadingsCheck(assembly), 20.0, stop, assembly.now_us),
        }
        self._assembly = assembly

    def start(self) -> None:
        """Begin all loops, each in a thread of its own."""
        for loop in self.loops.values():
            loop.start()

    def join(self) -> None:
        """Wait until they ended, at most 20 s each; the event they were given ends them."""
        for loop in self.loops.values():
            loop.join(20)

    def health(self) -> Mapping[str, PartHealth]:
        """Each loop, and what it has still to do; no counts while the database is away."""
        try:
            counts = self._counts()
        except Unavailable as away:
            counts = {}
            error = str(away)
        else:
            error = ""
        return {
            name: PartHealth(
                loop.state.ok and not error,
                {**counts.get(name, {}), "error": loop.state.error or error},
            )
            for name, loop in self.loops.items()
        }

    def _counts(self) -> dict[str, dict[str, str | int | float]]:
        return {
            "intake": {"waiting_messages": self.intake.waiting_messages()},
            "ledger": {
                "waiting_marks": self._assembly.stores.marks.waiting(),
                "idle_us": self.ledger.idle_us,
            },
            "analytics": {
                "began_us": self.analytics.began_us,
                "findings": self.analytics.findings,
            },
        }


def _tell(workers: Workers, file: Path) -> None:
    parts = workers.health()
    tell(file, {name: {"ok": part.ready, **part.detail} for name, part in parts.items()})
