"""The collector as a process: the MQTT listener, its journal, its /metrics."""

from __future__ import annotations

import asyncio
import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry, start_http_server

from collector import CollectorMetrics, JournalWriter, Listener, ListenerSettings
from greenoffice.folder import DataFolder
from greenoffice.logs import set_up_logs
from greenoffice.parent import end_with_parent
from greenoffice.settings import Settings
from greenoffice.stores import open_stores
from metering.errors import ConfigurationError

LISTENER_WRITER = 1
BUSY_PATIENCE_S = 10.0
"""How long to wait for the port or journal of a predecessor that is still ending."""

T = TypeVar("T")


def run_collector(data: Path, parent: int) -> None:
    """Accept gateways until terminated; ConfigurationError where port or disk are unusable."""
    if parent:
        end_with_parent(parent)
    folder = DataFolder(data.absolute())
    settings, clock = folder.settings(), folder.clock()
    set_up_logs("collector", clock)
    metrics = CollectorMetrics(CollectorRegistry())
    _serve_metrics(settings, metrics)
    journal = patiently(
        lambda: JournalWriter(
            folder.journal / "listener",
            LISTENER_WRITER,
            now_us=clock.now_us,
            segment_bytes=settings.journal.segment_mb << 20,
            retention_days=settings.journal.retention_days,
        )
    )
    listener = Listener(
        journal,
        open_stores(folder).credentials,
        ListenerSettings(host=settings.mqtt.host, port=settings.mqtt.port),
        metrics,
        now_us=clock.now_us,
        tls=_tls(settings),
    )
    try:
        asyncio.run(_listen(listener))
    finally:
        journal.close()


def patiently(make: Callable[[], T]) -> T:
    """Try again for a while what a predecessor may still hold, then let the error out."""
    deadline = time.monotonic() + BUSY_PATIENCE_S
    while True:
        try:
            return make()
        except ConfigurationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


async def _listen(listener: Listener) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await _start(listener)
    ended = [asyncio.create_task(stop.wait()), asyncio.create_task(listener.crashed())]
    try:
        done, _ = await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in ended:
            task.cancel()
        await listener.close()


async def _start(listener: Listener) -> None:
    deadline = time.monotonic() + BUSY_PATIENCE_S
    while True:
        try:
            await listener.start()
            return
        except ConfigurationError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.3)


def _serve_metrics(settings: Settings, metrics: CollectorMetrics) -> None:
    host, port = settings.mqtt.host, settings.mqtt.metrics_port

    def serve() -> None:
        try:
            start_http_server(port, host, registry=metrics.registry)
        except OSError as refused:
            raise ConfigurationError(
                f"the port of /metrics cannot be had: {refused.strerror}",
                field="mqtt.metrics_port",
                value=port,
                fix="set another port in greenoffice.toml, or stop what listens there",
            ) from refused

    patiently(serve)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    chain, key = settings.mqtt.certificate, settings.mqtt.private_key
    if chain is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as refused:
        raise ConfigurationError(
            f"the certificate cannot be used: {refused}",
            field="mqtt.certificate",
            value=str(chain),
            fix="name a PEM chain and its private_key, readable by the collector",
        ) from refused
    return context
