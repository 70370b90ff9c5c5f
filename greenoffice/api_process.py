"""The API and the page as a process, and the journal of what comes in over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from api import (
    MOST_HEADERS,
    MOST_HISTORY_BYTES,
    MOST_QUERY,
    GatewayDoor,
    Platform,
    PushReceipt,
    Room,
    Submission,
    Workers,
    create_app,
    prepare,
)
from collector import Record, RecordPlace
from collector.intake import refusals as refusals_of
from collector.routes import check_route
from collector.tls_door import Handshakes
from greenoffice.asking_again import ask_again, verdict_of
from greenoffice.assembly import Assembly, decoding, decoding_by_clocks
from greenoffice.building_models import model_text
from greenoffice.connected import (
    gateway_connections,
    gateway_filters,
    gateway_troubles,
    held_gateways,
    refused_certificates,
)
from greenoffice.demo.registration import sample_texts
from greenoffice.desk import JournalDesk
from greenoffice.evidence_files import EvidenceFiles
from greenoffice.folder import DataFolder
from greenoffice.handles import for_connections, raise_handles
from greenoffice.health import (
    BoundedHealth,
    platform_health,
)
from greenoffice.heartbeat import gone
from greenoffice.history.uploads import HistoryUploads
from greenoffice.http_connections import bounded
from greenoffice.keeping import keeping
from greenoffice.logs import set_up_logs
from greenoffice.national_secrets import forget_gateway
from greenoffice.parent import end_with_parent
from greenoffice.ports import usable_port
from greenoffice.private import keep_private
from greenoffice.quick_health import tell_address
from greenoffice.receipts import Receipts, record_of
from greenoffice.receivers import WRITERS, open_journal
from greenoffice.registry_files import read_uploaded
from greenoffice.registry_workbook import registry_workbook
from greenoffice.said_files import read_rows
from greenoffice.settings import HttpSettings, Settings
from greenoffice.sharing import joined, processes_of
from greenoffice.signals import stop_event
from greenoffice.stores import await_stores
from greenoffice.threads import end_with_threads
from greenoffice.tls import RenewedTls, TlsFiles
from greenoffice.worker_pool import WorkerPool
from metering.errors import ConfigurationError
from metering.intake import DeadLetter, LetterCause, LetterVerdict
from metering.registry.files import read_registry_texts
from metering.shard import read_name

MOST_CONNECTIONS = 2_000
"""Of HTTP clients at a time."""


def run_api(data: Path, parent: int = 0) -> None:
    """Answer until terminated, also while the stores are away; ConfigurationError where the port
    cannot be had, or a server refuses."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    keep_private(folder)
    settings = folder.settings()
    set_up_logs("api", folder.clock())
    stop = stop_event()  # so that the server's end is this process's own, with status 0
    end_with_threads()
    handles = raise_handles()
    http = settings.http
    await_port(http.host, http.port)
    tell_address(folder, http.host, http.port, http.certificate)
    awaited = await_stores(folder)
    prepare()
    with contextlib.closing(Assembly.beside(folder, awaited.stores)) as assembly:
        journal = open_journal(folder, "http")
        try:

            def append(record: Record) -> RecordPlace:
                return journal.append([record])

            desk = desk_of(assembly, "http", append)
            receipts = Receipts(assembly.journal, WRITERS["http"], append)
            platform = platform_of(folder, assembly, receipts.take, desk, workers_of(folder))
            serve(platform, http, handles, (stop, awaited.refused))
        finally:
            journal.close()
    awaited.waited_for()


def serve(
    platform: Platform, http: HttpSettings, handles: int, ends: Sequence[threading.Event]
) -> None:
    """Answer requests until this process is asked to end, or one of the events is set, with so many
    file handles to be had."""
    server = uvicorn.Server(server_config(create_app(platform), http, handles, platform.room))

    def wait_for(end: threading.Event) -> None:
        end.wait()
        server.should_exit = True

    for end in ends:
        threading.Thread(target=wait_for, args=(end,), name="end", daemon=True).start()
    server.run()


def server_config(
    app: FastAPI, http: HttpSettings, handles: int, room: Room | None = None
) -> uvicorn.Config:
    """How an application is served, within the bounds of connections and heads; `room` notes what
    finds none. ConfigurationError for a certificate that is of no use."""
    most = min(MOST_CONNECTIONS, for_connections(handles))
    plain = bounded(most, room=room)
    tls = _tls(http)
    return uvicorn.Config(
        app,
        http=plain if tls is None else _behind_tls(tls, plain),
        host=http.host,
        port=http.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=120,
        h11_max_incomplete_event_size=MOST_QUERY + MOST_HEADERS,
        proxy_headers=bool(http.trusted_proxies),
        forwarded_allow_ips=[str(one) for one in http.trusted_proxies],
    )


def _tls(http: HttpSettings) -> RenewedTls | None:
    if http.certificate is None:
        return None
    return RenewedTls(TlsFiles("http", http.certificate, http.private_key))


def _behind_tls(tls: RenewedTls, protocol: type[asyncio.Protocol]) -> type[asyncio.Protocol]:
    """What the server calls for each connection, as it would call the protocol itself."""
    handshakes = Handshakes(tls)

    def door(*given: Any, **named: Any) -> asyncio.Protocol:
        return handshakes.door(lambda: protocol(*given, **named))

    return cast("type[asyncio.Protocol]", door)


def workers_of(folder: DataFolder) -> WorkerPool:
    """Processes over the same folder, none of them started yet."""
    return WorkerPool([sys.executable, "-m", "greenoffice", "worker", str(folder.root)])


def desk_of(
    assembly: Assembly, writer: str, append: Callable[[Record], RecordPlace]
) -> JournalDesk:
    """Where statements are taken in that go into the journal of a writer."""
    return JournalDesk(assembly.journal, WRITERS[writer], assembly.stores.intake, append)


def platform_of(
    folder: DataFolder,
    assembly: Assembly,
    ingest: Callable[[Submission], PushReceipt],
    desk: JournalDesk,
    workers: Workers | None = None,
) -> Platform:
    """The API's view of the parts."""
    how, http = decoding(assembly.settings), assembly.settings.http

    def refusals(submission: Submission) -> list[DeadLetter]:
        return refusals_of(record_of(submission), how, assembly.registry())

    def judged(letter: DeadLetter) -> LetterVerdict | None:
        by_clocks = decoding_by_clocks(assembly.settings, assembly.stores.intake)
        return verdict_of(
            letter, assembly.journal, by_clocks, assembly.registry(), assembly.stores.intake
        )

    def asked(gateways: frozenset[str] | None, cause: LetterCause) -> int:
        return ask_again(folder, assembly.stores.intake, gateways, cause)

    return Platform(
        readings=assembly.readings,
        books=assembly.stores.books,
        figures=assembly.figures,
        intake=assembly.stores.intake,
        clocks=assembly.stores.intake,
        want_again=assembly.stores.intake.want,
        dismiss=assembly.stores.intake.dismiss,
        forget_secret=lambda user: forget_gateway(folder, user),
        marks=assembly.stores.marks,
        findings=assembly.stores.findings,
        baselines=assembly.stores.baselines,
        reports=assembly.stores.reports,
        closings=assembly.stores.closings,
        registry=assembly.registry,
        registry_store=assembly.stores.registry,
        credentials=assembly.stores.credentials,
        access=assembly.stores.access,
        messages=assembly.journal,
        ingest=ingest,
        desk=desk,
        evidence=EvidenceFiles(folder.evidence),
        statements=assembly.stores.intake,
        refusals=refusals,
        verdict=judged,
        ask_again=asked,
        read_registry=lambda texts, end: read_registry_texts(
            texts, assembly.registry(), end_missing=end, check_route=check_route
        ),
        read_uploaded=lambda files, end: read_uploaded(
            files, assembly.registry(), end_missing=end, check_route=check_route
        ),
        read_rows=read_rows,
        workbook=lambda registry, language: registry_workbook(language, registry),
        model=model_text,
        samples=sample_texts,
        keeping=lambda: keeping(folder),
        now_us=assembly.now_us,
        health=BoundedHealth(lambda: platform_health(folder, assembly.stores, assembly.journal)),
        held=lambda: held_gateways(folder),
        connections=lambda: gateway_connections(folder),
        troubles=lambda: gateway_troubles(folder),
        certificates=lambda: refused_certificates(folder),
        subscribed=lambda: gateway_filters(folder),
        histories=HistoryUploads(folder, MOST_HISTORY_BYTES),
        more_metrics=lambda: _counters(folder),
        workers=workers,
        door=_door(assembly.settings),
        language=assembly.settings.language,
        secure_cookies=http.secure_cookies or http.certificate is not None,
        details=http.details,
    )


def _door(settings: Settings) -> GatewayDoor:
    mqtt = settings.mqtt
    return GatewayDoor(mqtt.host, mqtt.port, mqtt.certificate is not None, settings.broker.url)


def _counters(folder: DataFolder) -> bytes:
    """What intake and ledger counted, of those that run; those that share the books together."""
    found: dict[str, list[bytes]] = {}
    for process in processes_of(folder.settings()):
        whole = read_name(process)[0]
        if whole != "collector" and not gone(folder.heartbeat(process)):
            with contextlib.suppress(OSError):
                found.setdefault(whole, []).append(folder.counters_of(process).read_bytes())
    return b"".join(joined(texts) for texts in found.values())


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
