"""The platform as one process: work, API and page; owns the readings."""

from __future__ import annotations

import threading
from pathlib import Path

from prometheus_client import CollectorRegistry

from api import PartHealth
from collector.intake import IntakeMetrics
from greenoffice.api_process import await_port, platform_of, serve
from greenoffice.assembly import Assembly
from greenoffice.backing_up import BackupWork
from greenoffice.folder import DataFolder
from greenoffice.health import process_health
from greenoffice.logs import set_up_logs
from greenoffice.loops import Loop
from greenoffice.parent import end_with_parent
from greenoffice.receivers import open_journal
from greenoffice.work_process import Workers
from storage import DuckDBReadings


def run_platform(data: Path, parent: int) -> None:
    """Run until terminated; ConfigurationError where the port cannot be had."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    settings = folder.settings()
    set_up_logs("platform", folder.clock())
    await_port(settings.http.host, settings.http.port)
    counters = CollectorRegistry()
    assembly = Assembly.open(folder, IntakeMetrics(counters))
    journal = open_journal(folder, "http")
    stop = threading.Event()
    workers = Workers(assembly, stop)

    def health() -> dict[str, PartHealth]:
        return {**process_health(folder, "collector"), **workers.health()}

    copies = assembly.readings if isinstance(assembly.readings, DuckDBReadings) else None
    backups = Loop("backup", BackupWork(folder, copies), 1.0, stop, assembly.now_us)
    workers.start()
    backups.start()
    try:
        serve(platform_of(assembly, journal, health, counters), settings.http)
    finally:
        stop.set()
        workers.join()
        backups.join(60)
        journal.close()
        assembly.close()
