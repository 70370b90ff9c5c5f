"""The platform as one process: work, API and page; owns the readings."""

from __future__ import annotations

import threading
from pathlib import Path

from prometheus_client import CollectorRegistry

from api import PartHealth
from collector.intake import IntakeMetrics
from greenoffice.api_process import await_port, platform_of, serve
from greenoffice.folder import DataFolder
from greenoffice.health import process_health
from greenoffice.logs import set_up_logs
from greenoffice.parent import end_with_parent
from greenoffice.parts import Parts
from greenoffice.receivers import open_journal
from greenoffice.work_process import Workers


def run_platform(data: Path, parent: int) -> None:
    """Run until terminated; ConfigurationError where the port cannot be had."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    settings = folder.settings()
    set_up_logs("platform", folder.clock())
    await_port(settings.http.host, settings.http.port)
    parts = Parts.open(folder, IntakeMetrics(CollectorRegistry()))
    journal = open_journal(folder, "http")
    stop = threading.Event()
    workers = Workers(parts, stop)

    def health() -> dict[str, PartHealth]:
        return {**process_health(folder, "collector"), **workers.health()}

    workers.start()
    try:
        serve(platform_of(parts, journal, health), settings.http)
    finally:
        stop.set()
        workers.join()
        journal.close()
        parts.close()
