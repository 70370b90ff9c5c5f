"""The API and the page as a process: beside the work where stores are servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest

from api import PartHealth, Platform, Submission, create_app
from collector import JournalWriter, Record
from collector.intake import refusals as refusals_of
from collector.routes import check_route
from greenoffice.assembly import Assembly, decoding
from greenoffice.folder import DataFolder
from greenoffice.health import process_health
from greenoffice.logs import set_up_logs
from greenoffice.ports import usable_port
from greenoffice.receivers import open_journal
from greenoffice.settings import HttpSettings
from greenoffice.stores import require_shared_readings
from metering.errors import ConfigurationError
from metering.intake import DeadLetter
from metering.registry.files import read_registry_texts

Health = Callable[[], Mapping[str, PartHealth]]


def run_api(data: Path) -> None:
    """Answer until terminated; ConfigurationError where the readings belong to one process."""
    folder = DataFolder(data.absolute())
    require_shared_readings(folder)
    settings = folder.settings()
    set_up_logs("api", folder.clock())
    await_port(settings.http.host, settings.http.port)
    assembly = Assembly.open(folder)
    journal = open_journal(folder, "http")

    def health() -> dict[str, PartHealth]:
        return {**process_health(folder, "collector"), **process_health(folder, "work")}

    try:
        serve(platform_of(assembly, journal, health), settings.http)
    finally:
        journal.close()
        assembly.close()


def serve(platform: Platform, http: HttpSettings) -> None:
    """Answer requests until this process is asked to end."""
    config = uvicorn.Config(
        create_app(platform),
        host=http.host,
        port=http.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=120,
    )
    uvicorn.Server(config).run()


def platform_of(
    assembly: Assembly,
    journal: JournalWriter,
    health: Health,
    counters: CollectorRegistry | None = None,
) -> Platform:
    """The API's view of the parts."""
    writing = threading.Lock()

    def ingest(submission: Submission) -> tuple[int, int]:
        with writing:
            place = journal.append([_record(submission)])
        return place.segment, place.offset

    how = decoding(assembly.settings)

    def refusals(submission: Submission) -> list[DeadLetter]:
        return refusals_of(_record(submission), how, assembly.registry())

    return Platform(
        readings=assembly.readings,
        books=assembly.stores.books,
        figures=assembly.figures,
        intake=assembly.stores.intake,
        marks=assembly.stores.marks,
        findings=assembly.stores.findings,
        baselines=assembly.stores.baselines,
        reports=assembly.stores.reports,
        registry=assembly.registry,
        registry_store=assembly.stores.registry,
        credentials=assembly.stores.credentials,
        access=assembly.stores.access,
        messages=assembly.journal,
        ingest=ingest,
        refusals=refusals,
        read_registry=lambda texts, end: read_registry_texts(
            texts, assembly.registry(), end_missing=end, check_route=check_route
        ),
        now_us=assembly.now_us,
        health=health,
        more_metrics=lambda: generate_latest(counters) if counters is not None else b"",
        language=assembly.settings.language,
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


def await_port(host: str, port: int) -> None:
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
