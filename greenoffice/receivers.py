"""The ways in that a data folder's settings ask for, each with a journal of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from collector import (
    BrokerClient,
    ClientSettings,
    CollectorMetrics,
    JournalWriter,
    Listener,
    ListenerSettings,
    Receiver,
)
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.gateway_passwords import KeptPasswords, passwords_of
from greenoffice.handles import for_connections
from greenoffice.metrics_port import serve_metrics
from greenoffice.news import JOURNAL, tell
from greenoffice.patience import patiently
from greenoffice.settings import Settings
from greenoffice.tls import tls_of

WRITERS = {"listener": 1, "http": 2, "broker": 3, "people": 4}
"""Numbers of the journal's writers by the name of their folder."""


@dataclass(frozen=True)
class WayIn:
    """A receiver by its name, and the journal it writes."""

    name: str
    receiver: Receiver
    journal: JournalWriter
    passwords: KeptPasswords | None = None
    """Of who connects to it."""


def ways_in(folder: DataFolder, handles: int) -> list[WayIn]:
    """The listener, and the client of a broker where the settings name one, of a process that may
    have so many file handles."""
    settings = folder.settings()
    found = [_listener(folder, settings, handles)]
    return [*found, _client(folder, settings)] if settings.broker.url else found


def open_journal(folder: DataFolder, name: str) -> JournalWriter:
    """The journal of one writer; waits for a predecessor that is still ending."""
    settings = folder.settings().journal
    return patiently(
        lambda: JournalWriter(
            folder.journal / name,
            WRITERS[name],
            now_us=folder.clock().now_us,
            segment_bytes=settings.segment_mb << 20,
            retention_days=settings.retention_days,
            written=lambda: tell(folder, "intake", JOURNAL),
        )
    )


def _most(handles: int) -> int:
    return min(ListenerSettings().max_connections, for_connections(handles))


def _listener(folder: DataFolder, settings: Settings, handles: int) -> WayIn:
    journal = open_journal(folder, "listener")
    passwords = passwords_of(folder)
    passwords.start()
    listener = Listener(
        journal,
        passwords,
        ListenerSettings(
            host=settings.mqtt.host,
            port=settings.mqtt.port,
            max_connections=_most(handles),
            records_per_s=settings.mqtt.records_per_s,
            burst_records=settings.mqtt.burst_records,
        ),
        _metrics(settings.mqtt.metrics_host, settings.mqtt.metrics_port, "mqtt.metrics_port"),
        now_us=_now_us(folder),
        tls=tls_of("mqtt", settings.mqtt.certificate, settings.mqtt.private_key),
    )
    return WayIn("listener", listener, journal, passwords)


def _client(folder: DataFolder, settings: Settings) -> WayIn:
    broker = settings.broker
    journal = open_journal(folder, "broker")
    client = BrokerClient(
        journal,
        ClientSettings(
            url=broker.url,
            client_id=broker.client_id,
            user=broker.user or None,
            password=folder.secret(broker.password_file) or None,
            ca_file=broker.ca_file,
            filters=broker.filters,
            version=broker.version,
            receive_maximum=broker.receive_maximum,
        ),
        _metrics(settings.mqtt.metrics_host, broker.metrics_port, "broker.metrics_port"),
        now_us=_now_us(folder),
    )
    return WayIn("broker", client, journal)


def _now_us(folder: DataFolder) -> Callable[[], int]:
    clock: ShiftedClock = folder.clock()
    return clock.now_us


def _metrics(host: str, port: int, field: str) -> CollectorMetrics:
    metrics = CollectorMetrics(CollectorRegistry())

    serve_metrics(metrics.registry, host, port, field=field)
    return metrics
