"""The platform as a process: intake, ledger, analytics, API and page; owns the readings."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import uvicorn
from prometheus_client import CollectorRegistry

from api import PartHealth, Platform, Submission, create_app
from collector import JournalWriter, Record
from collector.intake import IntakeMetrics
from collector.intake import refusals as refusals_of
from greenoffice.collector_health import collector_health
from greenoffice.folder import DataFolder
from greenoffice.logs import set_up_logs
from greenoffice.loops import Loop
from greenoffice.parent import end_with_parent
from greenoffice.parts import (
    AnalyticsWork,
    IntakeWork,
    LedgerWork,
    Parts,
    receiver,
)
from greenoffice.ports import usable_port
from greenoffice.receivers import open_journal
from ledger import EnergyReader
from metering.errors import ConfigurationError
from metering.intake import DeadLetter
from metering.registry_files import read_registry_texts


def run_platform(data: Path, parent: int) -> None:
    """Run until terminated; ConfigurationError where the port cannot be had."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    settings, clock = folder.settings(), folder.clock()
    set_up_logs("platform", clock)
    _await_port(settings.http.host, settings.http.port)
    metrics = CollectorRegistry()
    parts = Parts.open(folder, IntakeMetrics(metrics))
    journal = open_journal(folder, "http")
    stop = threading.Event()
    workers = Workers(parts, stop, folder)
    app = create_app(platform_of(parts, journal, workers))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.http.host,
            port=settings.http.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
        )
    )
    workers.start()
    try:
        server.run()
    finally:
        stop.set()
        workers.join()
        journal.close()
        parts.close()


class Workers:
    """The loops beside the HTTP server."""

    def __init__(self, parts: Parts, stop: threading.Event, folder: DataFolder) -> None:
        self.intake = IntakeWork(parts)
        self.ledger = LedgerWork(parts, self.intake)
        self.analytics = AnalyticsWork(parts, self.ledger)
        self.loops = {
            "intake": Loop("intake", self.intake, 0.05, stop, parts.now_us),
            "ledger": Loop("ledger", self.ledger, 0.5, stop, parts.now_us),
            "analytics": Loop("analytics", self.analytics, 1.0, stop, parts.now_us),
        }
        self._parts, self._folder = parts, folder

    def start(self) -> None:
        for loop in self.loops.values():
            loop.start()

    def join(self) -> None:
        for loop in self.loops.values():
            loop.join(20)

    def health(self) -> Mapping[str, PartHealth]:
        """Each loop, and what it has still to do."""
        details: dict[str, dict[str, str | int | float]] = {
            "intake": {"waiting_messages": self.intake.waiting_messages()},
            "ledger": {
                "waiting_marks": self._parts.stores.marks.waiting(),
                "idle_us": self.ledger.idle_us,
            },
            "analytics": {
                "began_us": self.analytics.began_us,
                "findings": self.analytics.findings,
            },
        }
        loops = {
            name: PartHealth(loop.state.ok, details[name] | {"error": loop.state.error})
            for name, loop in self.loops.items()
        }
        return {**collector_health(self._folder), **loops}


def platform_of(parts: Parts, journal: JournalWriter, workers: Workers) -> Platform:
    """The API's view of the parts."""
    writing = threading.Lock()

    def ingest(submission: Submission) -> tuple[int, int]:
        with writing:
            place = journal.append([_record(submission)])
        return place.segment, place.offset

    def refusals(submission: Submission) -> list[DeadLetter]:
        return refusals_of(_record(submission), receiver(parts.settings), parts.registry())

    return Platform(
        readings=parts.readings,
        books=parts.stores.books,
        energy=EnergyReader(parts.stores.books, parts.registry, parts.now_us),
        intake=parts.stores.intake,
        marks=parts.stores.marks,
        findings=parts.stores.findings,
        registry=parts.registry,
        registry_store=parts.stores.registry,
        credentials=parts.stores.credentials,
        access=parts.stores.access,
        messages=parts.journal,
        ingest=ingest,
        refusals=refusals,
        read_registry=lambda texts: read_registry_texts(texts, parts.registry()),
        now_us=parts.now_us,
        health=workers.health,
        language=parts.settings.language,
    )


def _record(submission: Submission) -> Record:
    return Record(
        kind="message",
        arrived_us=submission.arrived_us,
        gateway=submission.gateway,
        client=submission.key,
        connection="",
        route=submission.route,
        payload=submission.payload,
        qos=1,
    )


def _await_port(host: str, port: int) -> None:
    """Wait for a predecessor to leave the port; ConfigurationError if it stays taken."""
    deadline = time.monotonic() + 10
    while usable_port(port, set(), host) != port:
        if time.monotonic() > deadline:
            raise ConfigurationError(
                "the port of the page and API is in use",
                field="http.port",
                value=port,
                fix="set another port in greenoffice.toml, or stop what listens there",
            )
        time.sleep(0.3)
